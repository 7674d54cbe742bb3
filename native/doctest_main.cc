// The main program of the C++ unit tests; the tests themselves lie beside what they test.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
