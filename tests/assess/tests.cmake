firn_test(assess/test_rules firn_assess)
firn_test(assess/test_secrets firn_assess)
firn_test(assess/test_exposure firn_assess)
firn_test(assess/test_posture firn_assess)
