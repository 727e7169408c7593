firn_test(respond/test_playbook firn_respond)
firn_test(respond/test_playbook_broken firn_respond)
firn_test(respond/test_playbook_choose firn_respond)
firn_test(respond/test_drill_container firn_respond)
firn_test(respond/test_isolate firn_respond)
firn_test(respond/test_reset firn_respond)
firn_test(respond/test_unix firn_respond)
firn_test(respond/test_nft firn_respond)
firn_test(respond/test_attempts firn_respond)
firn_test(respond/test_permit firn_respond)
firn_test(respond/test_clsact firn_respond)
firn_test(respond/test_inbox firn_respond)

# One drill's container at a time: its addresses are fixed.
set_tests_properties(respond/test_drill_container respond/test_isolate
  respond/test_reset respond/test_nft respond/test_unix respond/test_attempts
  respond/test_clsact
  PROPERTIES RESOURCE_LOCK drill)
firn_test(respond/test_policy firn_respond)
firn_test(respond/test_policy_decide firn_respond)
firn_test(respond/test_policy_claims firn_respond)

# With a server of its own, which speaks TLS.
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl>=3.0)
firn_test(respond/test_outbox firn_respond PkgConfig::SSL)
add_dependencies(test_outbox firn-courier)
firn_test(respond/test_send firn_respond PkgConfig::SSL)
add_dependencies(test_send firn-courier)
firn_test(respond/test_run_argv firn_respond)
# The courier's own confinement, without the courier.
firn_test(respond/test_courier firn_host PkgConfig::SECCOMP)
target_sources(test_courier PRIVATE courier/confine.c)
target_include_directories(test_courier PRIVATE courier)

# What the scripts ask.
add_executable(alert_find ${CMAKE_SOURCE_DIR}/tests/respond/alert_find.c)
target_link_libraries(alert_find PRIVATE firn_respond)
firn_test(respond/test_alert firn_respond)
firn_test(respond/test_alert_hostile firn_respond)
firn_script(respond/test_alert_find.sh ${CMAKE_CURRENT_BINARY_DIR})
firn_script(test_policy.sh $<TARGET_FILE:firn>)
firn_script(respond/test_policy_explain.sh $<TARGET_FILE:firn>)

# The whole of it, from outside.
firn_script(test_listen_senders.sh $<TARGET_FILE:firn>)
firn_script(test_listen_kill.sh $<TARGET_FILE:firn>)

# The runner alone, without a receiver.
add_executable(runner_here tests/runner_here.c)
target_link_libraries(runner_here PRIVATE firn_respond)
firn_script(test_respond.sh $<TARGET_FILE:firn> $<TARGET_FILE:runner_here>)
firn_script(test_runner.sh $<TARGET_FILE:firn> $<TARGET_FILE:runner_here>)
firn_script(test_flood.sh $<TARGET_FILE:firn> $<TARGET_FILE:runner_here>)
add_library(kill_at MODULE tests/kill_at.c)
target_compile_definitions(kill_at PRIVATE _GNU_SOURCE)
firn_script(test_runner_kill.sh $<TARGET_FILE:firn>
  $<TARGET_FILE:runner_here> $<TARGET_FILE:kill_at>)

firn_script(respond/test_playbook.sh $<TARGET_FILE:firn>)
