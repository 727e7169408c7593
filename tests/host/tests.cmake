firn_test(host/test_proc firn_host)
firn_test(host/test_mountinfo firn_host)
firn_test(host/test_cgroup firn_host)
firn_test(host/test_file firn_host)
