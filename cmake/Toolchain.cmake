# Language level, warnings, hardening and sanitizers: everything the whole tree is compiled with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

option(BULKHEAD_FUZZ "Link the fuzz targets with libFuzzer (clang only)" OFF)
set(BULKHEAD_SANITIZE "" CACHE STRING "Comma separated sanitizers for the whole tree")

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow -Wold-style-cast
                    -Woverloaded-virtual -Wcast-align -Wformat=2 -Wnull-dereference)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside its own headers once coroutines and sanitizers meet optimisation.
  add_compile_options(-Wno-null-dereference -Wno-maybe-uninitialized -Wno-restrict
                      -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # A capture that an empty parameter pack leaves without a use.
  add_compile_options(-Wno-unused-lambda-capture)
endif()
add_compile_options(-fstack-protector-strong -fno-omit-frame-pointer)
include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)

if(BULKHEAD_SANITIZE)
  add_compile_options(-fsanitize=${BULKHEAD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BULKHEAD_SANITIZE})
  add_compile_definitions(BULKHEAD_SANITIZED=1)
  if(BULKHEAD_SANITIZE MATCHES "thread")
    # It does not see what fences order. Those of ours are between processes, which it does not see
    # either.
    add_compile_options(-Wno-tsan)
  endif()
  if(BULKHEAD_SANITIZE MATCHES "undefined")
    # This check asks whether an address can be read by writing it into a pipe: with no descriptor
    # left, which the tests bring about, it takes every object for a wrong one.
    add_compile_options(-fno-sanitize=vptr)
  endif()
else()
  add_compile_options($<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now -pie)
endif()
if(BULKHEAD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# What make build leaves runnable: build/stage/{sbin,bin,libexec/bulkhead}.
set(BULKHEAD_STAGE ${CMAKE_BINARY_DIR}/stage)
