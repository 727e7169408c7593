# What "a library of ours" is, said once.

include(CheckCCompilerFlag)

option(FIRN_WERROR "Treat warnings as errors" OFF)
set(FIRN_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")

add_library(firn_flags INTERFACE)
target_compile_features(firn_flags INTERFACE c_std_17)
target_compile_definitions(firn_flags INTERFACE
  _GNU_SOURCE _FILE_OFFSET_BITS=64 FIRN_VERSION="${PROJECT_VERSION}")
target_compile_options(firn_flags INTERFACE
  -Wall -Wextra -Wshadow -Wvla -Wundef -Wcast-qual -Wwrite-strings
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum
  -Wconversion -Wdate-time -fno-common
  # `{ 0 }` is the empty value of every struct of ours.
  -Wno-missing-field-initializers
  $<$<BOOL:${FIRN_WERROR}>:-Werror>)

# A flag that is only warned about, as clang does of another machine's, is none.
set(CMAKE_REQUIRED_FLAGS -Werror)
foreach(flag IN ITEMS -Wlogical-op -Wduplicated-cond -Wduplicated-branches
                      -Wtrampolines -fstack-clash-protection
                      -fcf-protection=full -mbranch-protection=standard
                      -ftrivial-auto-var-init=zero
                      -fzero-call-used-regs=used-gpr)
  string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
  check_c_compiler_flag("${flag}" ${have})
  if(${have})
    target_compile_options(firn_flags INTERFACE "${flag}")
  endif()
endforeach()
unset(CMAKE_REQUIRED_FLAGS)

target_compile_options(firn_flags INTERFACE -fstack-protector-strong
  -fno-delete-null-pointer-checks -fno-strict-overflow)
target_link_options(firn_flags INTERFACE
  LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:--as-needed)

if(FIRN_SANITIZE)
  target_compile_options(firn_flags INTERFACE -fsanitize=${FIRN_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(firn_flags INTERFACE -fsanitize=${FIRN_SANITIZE})
else()
  # Fortification needs optimisation and must not meet a sanitizer.
  target_compile_options(firn_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()

# firn_library(NAME PUBLIC DEPENDENCY...): the folder lib/NAME.
function(firn_library name)
  file(GLOB sources CONFIGURE_DEPENDS lib/${name}/*.c)
  if(NOT sources)
    add_library(firn_${name} INTERFACE)
    target_include_directories(firn_${name} INTERFACE include lib)
    target_link_libraries(firn_${name} INTERFACE firn_flags ${ARGN})
    return()
  endif()
  add_library(firn_${name} STATIC ${sources})
  set_target_properties(firn_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(firn_${name} PUBLIC include lib)
  target_link_libraries(firn_${name} PUBLIC firn_flags ${ARGN})
endfunction()

# firn_rooms(NAME ROOM...): the folders within lib/NAME.
function(firn_rooms name)
  foreach(room IN LISTS ARGN)
    file(GLOB sources CONFIGURE_DEPENDS lib/${name}/${room}/*.c)
    target_sources(firn_${name} PRIVATE ${sources})
  endforeach()
endfunction()

# firn_program(NAME FOLDER LIBRARY...): an executable from every file of FOLDER.
function(firn_program name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()

# firn_parts(NAME FOLDER LIBRARY...): a program's files without its main.c.
function(firn_parts name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
  list(FILTER sources EXCLUDE REGEX "/main\\.c$")
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARGN})
endfunction()

# firn_static(NAME SOURCE): a small program for containers that have no libraries.
function(firn_static name source)
  add_executable(${name} ${source})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_features(${name} PRIVATE c_std_17)
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_compile_options(${name} PRIVATE -Os -Wall -Wextra -fno-pie
    $<$<BOOL:${FIRN_WERROR}>:-Werror>)
  # clang tells of the -no-pie that -static makes needless.
  target_link_options(${name} PRIVATE -static -s -pthread
    $<$<C_COMPILER_ID:Clang>:-Wno-unused-command-line-argument>)
endfunction()

# firn_test(NAME LIBRARY...): tests/NAME.c, a Check program of sentences.
# Exit status 77 is a skip, named on the program's last line.
function(firn_test name)
  get_filename_component(target ${name} NAME)
  add_executable(${target} tests/${name}.c)
  target_compile_definitions(${target} PRIVATE
    TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/tests/data")
  # Quoted only: <check.h> is the library's own.
  target_compile_options(${target} PRIVATE
    "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${ARGN} PkgConfig::CHECK)
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endfunction()

# firn_script(NAME ARGUMENT...): the first word of NAME in tests/, a shell test.
# What follows it ("test_capture.sh v2") is the script's last argument.
function(firn_script name)
  separate_arguments(words UNIX_COMMAND ${name})
  list(POP_FRONT words file)
  add_test(NAME ${name}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tests/${file} ${ARGN} ${words})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900
    RESOURCE_LOCK machine)
endfunction()

# firn_embed(LIBRARY TABLE PATTERN...): every file that matches becomes read-only
# data of the library, listed in the table firn_shipped_NAME (base/shipped.h),
# which has firn_n_shipped_NAME of them.
function(firn_embed library table)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
    ${ARGN})
  string(REPLACE "firn_" "firn_n_" count ${table})
  set(data "")
  set(names "")
  set(rows "")
  set(n 0)
  foreach(file IN LISTS files)
    string(APPEND data
      "	\".global ${table}_${n}, ${table}_end_${n}\\n\"\n"
      "	\"${table}_${n}: .incbin \\\"${CMAKE_CURRENT_SOURCE_DIR}/${file}\\\"\\n\"\n"
      "	\"${table}_end_${n}: .byte 0\\n\"\n")
    string(APPEND names
      "extern const char ${table}_${n}[], ${table}_end_${n}[];\n")
    string(APPEND rows
      "	{ \"${file}\", ${table}_${n}, ${table}_end_${n} },\n")
    math(EXPR n "${n} + 1")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${table}.c)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"/* Made by firn_embed() of cmake/firn.cmake. */
#include \"base/shipped.h\"

${names}
extern const struct firn_shipped ${table}[];
extern const size_t ${count};

const struct firn_shipped ${table}[] = {
${rows}};
const size_t ${count} = ${n};

__asm__(\".pushsection .rodata\\n\"
${data}	\".popsection\\n\");
")
  list(TRANSFORM files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${library} PRIVATE ${source})
endfunction()

# firn_manual(PAGE...): manual pages, made of PAGE.scd by scdoc(1).
function(firn_manual)
  find_program(SCDOC scdoc REQUIRED)
  foreach(page IN LISTS ARGN)
    get_filename_component(name ${page} NAME)
    string(REGEX REPLACE ".*\\." "" section ${name})
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${page}.scd)
    add_custom_command(OUTPUT ${name}
      COMMAND sh -c "'${SCDOC}' < '${source}' > '${name}'"
      DEPENDS ${source} VERBATIM)
    list(APPEND made ${CMAKE_CURRENT_BINARY_DIR}/${name})
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}
      DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
  add_custom_target(manual ALL DEPENDS ${made})
endfunction()
