#include "runtime/process/shell.h"

#include "runtime/process/command.h"

namespace heddle {
namespace {

// Follows the quoting of a script, as far as it decides what a placeholder must look like.
class Quoting {
 public:
  enum class Context { plain, single, double_quotes, arithmetic, comment };

  Context now() const { return stack_.back(); }

  void read(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) i += read_one(text.substr(i));
  }

 private:
  // Reads the character in front of `text`; returns how many more it took.
  std::size_t read_one(std::string_view text) {
    const char c = text.front();
    const char before = std::exchange(last_, c);
    switch (now()) {
      case Context::single:
        if (c == '\'') stack_.pop_back();
        return 0;
      case Context::comment:
        if (c == '\n') stack_.pop_back();
        return 0;
      case Context::double_quotes:
        if (c == '"') stack_.pop_back();
        if (c == '"' || c == '\'' || c == '#') return 0;
        return read_substitution(text);
      case Context::arithmetic:
        if (text.starts_with("))")) return stack_.pop_back(), 1;
        return read_substitution(text);
      case Context::plain:
        break;
    }
    if (c == '\'') stack_.push_back(Context::single);
    if (c == '"') stack_.push_back(Context::double_quotes);
    if (c == '#' && is_word_start(before)) stack_.push_back(Context::comment);
    if (c == '(') stack_.push_back(Context::plain);
    if (c == ')') pop_plain();
    return read_substitution(text);
  }

  std::size_t read_substitution(std::string_view text) {
    if (text.front() == '\\') return text.size() > 1 ? 1 : 0;
    if (text.starts_with("$((")) return stack_.push_back(Context::arithmetic), 2;
    if (text.starts_with("$(")) return stack_.push_back(Context::plain), 1;
    if (text.front() == '`') toggle_backquotes();
    return 0;
  }

  void pop_plain() {
    if (stack_.size() > 1) stack_.pop_back();  // The `)` of a `case` pattern has no `(`.
  }

  void toggle_backquotes() {
    if (backquotes_at_ == stack_.size()) {
      stack_.pop_back();
      backquotes_at_ = 0;
    } else {
      stack_.push_back(Context::plain);
      backquotes_at_ = stack_.size();
    }
  }

  static bool is_word_start(char before) {
    return std::string_view(" \t\n;&|(").find(before) != std::string_view::npos;
  }

  std::vector<Context> stack_ = {Context::plain};
  std::size_t backquotes_at_ = 0;  // Depth of the command inside of `...`; 0: not in one.
  char last_ = '\n';
};

std::string reference(const std::string& name, Quoting::Context context) {
  switch (context) {
    case Quoting::Context::single:
      return "'\"${" + name + "}\"'";
    case Quoting::Context::double_quotes:
    case Quoting::Context::arithmetic:
      return "${" + name + "}";
    case Quoting::Context::plain:
    case Quoting::Context::comment:
      break;
  }
  return "\"${" + name + "}\"";
}

}  // namespace

void ShellScript::literal(std::string_view text) { parts_.push_back({text, false}); }
void ShellScript::value(std::string_view text) { parts_.push_back({text, true}); }

bool ShellScript::is_plain() const {
  for (const Part& part : parts_) {
    if (part.is_value) continue;
    if (part.text.find_first_of("'\"\\`#(") != std::string_view::npos) return false;
    if (part.text.find("<<") != std::string_view::npos) return false;
  }
  return true;
}

std::string ShellScript::take() const {
  const bool plain = is_plain();
  std::string settings, script;
  Quoting quoting;
  unsigned count = 0;
  for (const Part& part : parts_) {
    if (!part.is_value) {
      quoting.read(part.text);
      script += part.text;
    } else if (plain) {
      script += shell_quote(part.text);
    } else {
      const std::string name = "heddle_" + std::to_string(++count);
      settings += name + "=" + shell_quote(part.text) + "; ";
      script += reference(name, quoting.now());
    }
  }
  return settings + script;
}

}  // namespace heddle
