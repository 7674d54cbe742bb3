{
  # The same addon from the same list as CMakeLists.txt, for those who use node-gyp.
  "targets": [
    {
      "target_name": "heddle",
      "sources": ["<!@(node -p \"require('fs').readFileSync('native/sources.txt', 'utf8')\")"],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "HEDDLE_VERSION=\"<!(node -p \"require('./package.json').version\")\""],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-O3", "-Wall", "-Wextra", "-Wno-maybe-uninitialized", "-Wno-restrict", "-fno-omit-frame-pointer", "-fvisibility=hidden"],
      "libraries": ["-ldl", "-lpthread"]
    },
    {
      "target_name": "heddle-guardian",
      "type": "executable",
      "sources": ["<!@(node -p \"['guardian', 'base'].flatMap(d => require('fs').readdirSync('native/' + d).filter(f => /(?<!_test)\\.cc$/.test(f)).map(f => 'native/' + d + '/' + f)).join(' ')\")"],
      "include_dirs": ["native"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-O3", "-Wall", "-Wextra"]
    }
  ]
}
