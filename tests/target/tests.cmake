add_executable(resolve ${CMAKE_SOURCE_DIR}/tests/target/resolve.c)
target_link_libraries(resolve PRIVATE firn_target)
