firn_test(assess/test_matcher firn_assess)
firn_test(assess/test_memory firn_assess)
firn_test(assess/test_rules firn_assess)
firn_test(assess/test_secrets firn_assess)
