// How much of the CPUs a control group of Linux, such as a container, may use.
#pragma once

#include <string>

namespace fastopt::core {

// In CPUs, rounded up; 0: as much as there is. `groups` is what /proc/self/cgroup says, and `mount`
// is where the groups are: /sys/fs/cgroup.
int cpu_quota(const std::string& groups, const std::string& mount);

}  // namespace fastopt::core
