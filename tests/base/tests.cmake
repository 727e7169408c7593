firn_test(base/test_text firn_base)
firn_test(base/test_err firn_base)
firn_test(base/test_bytes firn_base)
firn_test(base/test_opt firn_base)
