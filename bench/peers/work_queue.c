/* Work Queue with one local worker, as a program of `npm run bench -- peers`; the protocol is told
 * in serve.ts. Arguments: slots of the worker, version. The worker ends with this process. Linked
 * with --wrap=link_serve: the library would listen on every interface. */

#include <cctools/work_queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_S = 60, NO_SUCH_KIND = -1 };

struct link* link_serve_address(const char* address, int port);

struct link* __wrap_link_serve(int port) { return link_serve_address("127.0.0.1", port); }

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static pid_t start_worker(int port, const char* slots) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  char port_text[16];
  snprintf(port_text, sizeof port_text, "%d", port);
  dup2(STDERR_FILENO, STDOUT_FILENO); /* Standard output carries answers only. */
  execlp("work_queue_worker", "work_queue_worker", "--parent-death", "--single-shot", "--workdir",
         ".", "--cores", slots, "127.0.0.1", port_text, (char*)NULL);
  _exit(127);
}

static void submit(struct work_queue* queue, const char* command) {
  struct work_queue_task* task = work_queue_task_create(command);
  work_queue_task_specify_cores(task, 1);
  work_queue_submit(queue, task);
}

/* Takes one result; tells whether it came in time and its command ended with 0. */
static int take(struct work_queue* queue) {
  struct work_queue_task* task = work_queue_wait(queue, WAIT_S);
  if (task == NULL) return 0;
  int ok = task->result == WORK_QUEUE_RESULT_SUCCESS && task->return_status == 0;
  work_queue_task_delete(task);
  return ok;
}

/* Submits what a line asks for; returns how many tasks, or NO_SUCH_KIND. */
static long submit_line(struct work_queue* queue, char* line) {
  char* rest = NULL;
  const char* kind = strtok_r(line, " \n", &rest);
  const char* number = strtok_r(NULL, " \n", &rest);
  if (kind == NULL || number == NULL) return NO_SUCH_KIND;
  long tasks = 0;
  if (strcmp(kind, "shell") == 0) {
    for (long all = atol(number); tasks < all; tasks++) submit(queue, "/bin/true");
    return tasks;
  }
  if (strcmp(kind, "skewed") != 0) return NO_SUCH_KIND;
  for (; number != NULL; number = strtok_r(NULL, " \n", &rest), tasks++) {
    char command[64];
    snprintf(command, sizeof command, "sleep %.4f", atof(number) / 1e3);
    submit(queue, command);
  }
  return tasks;
}

static int answer(struct work_queue* queue, char* line) {
  double began = now_s();
  long tasks = submit_line(queue, line);
  long taken = 0;
  while (taken < tasks && take(queue)) taken++;
  double seconds = now_s() - began;
  if (taken != tasks)
    printf("! %ld good results of %ld tasks\n", taken, tasks);
  else if (work_queue_empty(queue))
    printf("= %.9f\n", seconds);
  else
    puts("! there are more results than tasks");
  fflush(stdout);
  return taken == tasks;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  struct work_queue* queue = work_queue_create(WORK_QUEUE_RANDOM_PORT);
  if (queue == NULL) {
    puts("! no queue could be created");
    return 1;
  }
  pid_t worker = start_worker(work_queue_port(queue), argv[1]);
  submit(queue, "/bin/true");
  if (take(queue)) { /* The worker is there. */
    printf("ready %s shell skewed\n", argv[2]);
    fflush(stdout);
    char* line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0 && answer(queue, line));
    free(line);
  } else {
    puts("! no worker came");
  }
  work_queue_delete(queue); /* Releases the worker. */
  waitpid(worker, NULL, 0);
  return 0;
}
