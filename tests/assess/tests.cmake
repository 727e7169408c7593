firn_test(assess/test_rules firn_assess)
firn_test(assess/test_secrets firn_assess)
add_executable(memory_grep ${CMAKE_SOURCE_DIR}/tests/assess/memory_grep.c)
target_link_libraries(memory_grep PRIVATE firn_flags)
