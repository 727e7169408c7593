firn_test(contain/test_ledger firn_contain)
firn_test(contain/test_freeze firn_contain)
firn_test(contain/test_cut_reset firn_contain)
firn_test(contain/test_hold firn_contain)
firn_test(contain/test_holder firn_contain)
firn_test(contain/test_freeze_watch firn_contain)
firn_test(contain/test_unfrozen firn_contain)
firn_test(contain/test_cut_program firn_contain)
firn_test(contain/test_freeze_crash firn_contain)
firn_test(contain/test_keeper firn_contain)
firn_test(contain/test_contained firn_contain)
# The library's writes are counted, to kill it before any of them.
target_link_options(test_freeze_crash PRIVATE LINKER:--wrap=write)
target_link_options(test_keeper PRIVATE LINKER:--wrap=write)
# Where keepers live there are only its own.
set_tests_properties(contain/test_keeper contain/test_contained PROPERTIES
  RESOURCE_LOCK "drill;machine")

# What the script compares.
add_executable(bpf_objects ${CMAKE_SOURCE_DIR}/tests/contain/bpf_objects.c)
target_link_libraries(bpf_objects PRIVATE firn_contain)
firn_script(contain/test_isolate_crash.sh $<TARGET_FILE:firn>
  $<TARGET_FILE:bpf_objects>)
firn_test(contain/test_consequences firn_contain)
firn_test(contain/test_quarantine_crash firn_contain)
target_link_options(test_quarantine_crash PRIVATE LINKER:--wrap=write
  LINKER:--wrap=mkdirat LINKER:--wrap=unlinkat)
# What leaves its cgroup, in a container that has no libraries.
add_executable(escapee ${CMAKE_SOURCE_DIR}/tests/contain/escapee.c)
target_compile_definitions(escapee PRIVATE _GNU_SOURCE)
target_link_options(escapee PRIVATE -static -pthread)
firn_script(contain/test_escape.sh $<TARGET_FILE:firn> $<TARGET_FILE:escapee>)
firn_script(contain/test_escape_docker.sh $<TARGET_FILE:firn> $<TARGET_FILE:escapee>)
foreach(kind IN ITEMS v2 v1)
  add_test(NAME contain/test_escape.sh-${kind}
    COMMAND ${CMAKE_SOURCE_DIR}/tests/contain/test_escape.sh
      $<TARGET_FILE:firn> $<TARGET_FILE:escapee> ${kind})
  set_tests_properties(contain/test_escape.sh-${kind} PROPERTIES
    SKIP_RETURN_CODE 77 TIMEOUT 900 RESOURCE_LOCK machine)
endforeach()

# What the engines can't undo, here and where there is only cgroup v2.
foreach(kind IN ITEMS hybrid v2)
  add_test(NAME contain/test_hold_engines_${kind}
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tests/contain/test_hold_engines.sh
      $<TARGET_FILE:firn> ${kind})
  set_tests_properties(contain/test_hold_engines_${kind} PROPERTIES
    SKIP_RETURN_CODE 77 TIMEOUT 900 RESOURCE_LOCK machine)
endforeach()

# What sends and counts in the containers of test_cut_matrix.sh: static.
add_executable(cut_traffic tests/contain/traffic.c)
set_target_properties(cut_traffic PROPERTIES POSITION_INDEPENDENT_CODE OFF)
target_compile_definitions(cut_traffic PRIVATE _GNU_SOURCE)
target_compile_options(cut_traffic PRIVATE -O1 -Wall -Wextra -fno-pie)
target_link_options(cut_traffic PRIVATE -static)
firn_script(contain/test_cut_matrix.sh $<TARGET_FILE:firn>
  $<TARGET_FILE:cut_traffic>)
