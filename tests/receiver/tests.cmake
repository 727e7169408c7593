firn_test(receiver/test_http firn_intake)
firn_test(receiver/test_senders firn_intake)
firn_test(receiver/test_sandbox firn_intake)
