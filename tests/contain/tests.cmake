firn_test(contain/test_ledger firn_contain)
firn_test(contain/test_freeze firn_contain)
firn_test(contain/test_peeking firn_contain Threads::Threads)
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
firn_static(escapee ${CMAKE_SOURCE_DIR}/tests/contain/escapee.c)
foreach(kind IN ITEMS "" " v2" " v1")
  firn_script("contain/test_escape.sh${kind}" $<TARGET_FILE:firn>
    $<TARGET_FILE:escapee>)
endforeach()
firn_script(contain/test_escape_docker.sh $<TARGET_FILE:firn>
  $<TARGET_FILE:escapee>)

# What the engines can't undo, here and where there is only cgroup v2.
firn_script("contain/test_hold_engines.sh hybrid" $<TARGET_FILE:firn>)
firn_script("contain/test_hold_engines.sh v2" $<TARGET_FILE:firn>)

# What sends and counts in the containers of test_cut_matrix.sh.
firn_static(cut_traffic tests/contain/traffic.c)
firn_script(contain/test_cut_matrix.sh $<TARGET_FILE:firn>
  $<TARGET_FILE:cut_traffic>)
