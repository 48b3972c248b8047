#include "cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace fastopt::core {
namespace {

// Microseconds of CPU time in a period of so many, as a file of either version of groups says; no
// quota is "max" in one and -1 in the other, so that nothing, or nothing useful, is read.
int cpus_of(std::istream&& quota_file, std::istream&& period_file) {
    long long quota = 0, period = 0;
    if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return 0;
    return static_cast<int>(std::min<long long>((quota + period - 1) / period, 1 << 20));
}

int quota_at(const std::string& folder) {
    std::ifstream both(folder + "/cpu.max");
    std::string quota, period;
    if (both >> quota >> period)
        return cpus_of(std::istringstream(quota), std::istringstream(period));
    return cpus_of(std::ifstream(folder + "/cpu.cfs_quota_us"),
                   std::ifstream(folder + "/cpu.cfs_period_us"));
}

}  // namespace

int cpu_quota(const std::string& groups, const std::string& mount) {
    int least = 0;
    std::istringstream lines(groups);
    for (std::string line; std::getline(lines, line);) {
        // A number, the controllers, the group: "0::/a/b", "4:cpu,cpuacct:/a/b".
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        if (controllers != ",," && controllers.find(",cpu,") == std::string::npos) continue;
        const std::string top = controllers == ",," ? mount : mount + "/cpu";
        // A group has at most what those around it have. In a container the path may be the host's,
        // of which nothing is there; the container's own group is then at the top.
        for (std::string group = line.substr(second + 1);;) {
            const int quota = quota_at(top + group);
            if (quota > 0 && (least == 0 || quota < least)) least = quota;
            if (group.empty()) break;
            const std::size_t slash = group.rfind('/');
            group.erase(slash == std::string::npos ? 0 : slash);
        }
    }
    return least;
}

}  // namespace fastopt::core
