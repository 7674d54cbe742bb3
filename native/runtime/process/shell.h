// Text for /bin/sh with values in it that are never taken for code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle {

// Puts literal text and values together to one script.
//
// A script without quotes and the like gets its values quoted in place: `wc -l 'a b.txt'`. Where
// the script has quotes, substitutions, comments or here-documents, quoting in place would be wrong
// (a value inside '...' ends the quotes), so the values become variables that are set in front, and
// a placeholder becomes "$name" in whatever form its surroundings ask for. Should the surroundings
// be misjudged, a value may be split into words; it is never run.
class ShellScript {
 public:
  void literal(std::string_view text);
  void value(std::string_view text);
  std::string take() const;

 private:
  struct Part {
    std::string_view text;
    bool is_value;
  };

  bool is_plain() const;

  std::vector<Part> parts_;
};

}  // namespace heddle
