firn_test(receiver/test_http firn_intake)
firn_test(receiver/test_senders firn_intake)
firn_test(receiver/test_sandbox firn_intake)
firn_test(receiver/test_receiver firn_intake)
target_sources(test_receiver PRIVATE tests/receiver/serving.c)
target_compile_definitions(test_receiver PRIVATE
  FIRN_RECEIVER="$<TARGET_FILE:firn-receiver>")
add_dependencies(test_receiver firn-receiver)
firn_script(receiver/test_tls.sh $<TARGET_FILE:firn-receiver>)
firn_script(receiver/test_listen.sh $<TARGET_FILE:firn>
  $<TARGET_FILE:firn-receiver> ${CMAKE_CURRENT_SOURCE_DIR}
  ${CMAKE_CURRENT_BINARY_DIR})
