// Stands above one rank that `heddle run -n` started, and tells of it when it is killed.
//
// By default a launcher that lost a rank kills the others at once, so nobody of the job is left to
// say which rank it was. The keeper is: the launcher hears of the end only when the keeper ends,
// and by then the line is written. Signals from the launcher are passed on, each once; a keeper
// that is killed takes its rank with it.
#pragma once

#include <string>
#include <vector>

namespace heddle::guardian {

// The words after `--rank`. With `--stage PACK FILE` in front, PACK is put onto this node's disk
// first (stage.h), and the first word that is FILE becomes the file of that name there. Where that
// fails the rank runs FILE itself, and a line says so.
std::vector<std::string> rank_command(char* const* words);

// Runs `command` (ends with null) as the rank, to its end, and returns how this process should end:
// as the rank did, 128 and the signal where one killed it, 127 when it does not start.
int keep_rank(char* const* command);

}  // namespace heddle::guardian
