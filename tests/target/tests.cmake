# What the scripts ask.
add_executable(resolve ${CMAKE_SOURCE_DIR}/tests/target/resolve.c)
target_link_libraries(resolve PRIVATE firn_target)

firn_test(target/test_names firn_target)
firn_test(target/test_target firn_target)
firn_test(target/test_recorded firn_target)
firn_test(target/test_traits firn_target)
firn_script(target/test_engines.sh ${CMAKE_CURRENT_BINARY_DIR})
firn_script("target/test_engines.sh v2" ${CMAKE_CURRENT_BINARY_DIR})
