#include "thread_choice.h"

#include <algorithm>
#include <array>

namespace fastopt::core {
namespace {

// Seconds that a mean goes back.
constexpr double memory = 0.25;
// What is lost when a thread of the team is off its CPU, about: a scheduler's time slice.
constexpr double time_slice = 0.008;
// A trial may cost one part in so many of the time until the next. Where it was refused again and
// again the next one is later, up to half a second; and where it cost so much that the next would
// be after more than a second, it may cost up to twice as much.
constexpr double price = 32;
constexpr double longest_doubled = 0.5;
constexpr double long_wait = 1;
// How many steps a trial has. The first, with threads that may be asleep, is not judged.
constexpr int trial_steps = 3;
// A trial that has lost a whole step, and this many seconds, is over.
constexpr double hopeless_loss = 1e-4;
// How much slower than one thread a step is, of which three in a row are too many.
constexpr double slow = 1.25;

}  // namespace

void ThreadChoice::Mean::add(double seconds, double bytes) {
    const double kept = 1 - std::min(1.0 / 8, seconds / memory);
    sum_ = sum_ * kept + seconds / bytes;
    weight_ = weight_ * kept + 1;
}

void ThreadChoice::Mean::age() {
    if (weight_ <= 2) return;
    sum_ *= 2 / weight_;
    weight_ = 2;
}

void ThreadChoice::begin(int most) {
    most_ = most;
    count_ = 0;
    for (int threads = 1; threads < most; threads *= 2) levels_[count_++] = {threads, {}, 0, 0};
    levels_[count_++] = {most, {}, 0, 0};
    trial_ = -1;
    use(0);
}

int ThreadChoice::next(int most) {
    if (most != most_) begin(most);
    if (is_first_) return most;
    if (trial_ < 0 && taken_ >= trial_steps) {
        // Of those that are due, the one that has waited longest; at first, the larger.
        int chosen = -1;
        for (int k = count_; k-- > 0;)
            if (k != present_ && levels_[k].due <= clock_ &&
                (chosen < 0 || levels_[k].due < levels_[chosen].due))
                chosen = k;
        if (chosen >= 0) try_out(chosen);
    }
    return levels_[trial_ < 0 ? present_ : trial_].threads;
}

void ThreadChoice::took(double seconds, std::size_t bytes) {
    bytes_ = bytes;
    clock_ += seconds;
    if (is_first_) {
        is_first_ = false;
        return;
    }
    ++taken_;
    const auto touched = static_cast<double>(bytes);
    trial_ < 0 ? judge_present(seconds, touched) : judge_trial(seconds, touched);
}

void ThreadChoice::use(int level) {
    present_ = level;
    taken_ = slow_ = 0;
    credit_ = lost_ = 0;
}

void ThreadChoice::try_out(int level) {
    trial_ = level;
    taken_ = 0;
    balance_ = lost_ = 0;
    levels_[level].pace.age();
}

// Sets when a level may be tried again, with so much lost by the last try.
void ThreadChoice::put_off(Level& level, double lost, double bytes) {
    const double others = count_ - 1;
    const double fair = price * others * std::max(lost, levels_[present_].pace.value() * bytes / 2);
    const double least = std::min(fair, std::max(long_wait, fair / 2));
    const double doubled = least * (1 << std::min(level.rejections, 10));
    level.due = clock_ + std::max(least, std::min(longest_doubled, doubled));
}

void ThreadChoice::judge_trial(double seconds, double bytes) {
    Level& tried = levels_[trial_];
    const double expected = levels_[present_].pace.value() * bytes;
    lost_ += seconds - expected;
    const bool is_hopeless = lost_ > std::max(expected, hopeless_loss);
    if (taken_ > 1 || is_hopeless || seconds < tried.pace.value() * bytes) {
        balance_ += expected - seconds;
        tried.pace.add(seconds, bytes);
    }
    if (taken_ < trial_steps && !is_hopeless) return;
    if (balance_ > 0 && !is_hopeless) {
        Level& left = levels_[present_];
        const double gained = balance_;
        use(trial_);
        // What the next try of what is left now will cost is known.
        left.rejections = tried.rejections = 0;
        put_off(left, trial_steps * (left.pace.value() - tried.pace.value()) * bytes, bytes);
        credit_ = gained;
    } else {
        put_off(tried, lost_, bytes);
        ++tried.rejections;
        taken_ = 0;
        lost_ = 0;
    }
    trial_ = -1;
}

void ThreadChoice::judge_present(double seconds, double bytes) {
    Level& present = levels_[present_];
    if (taken_ > 1 || present.pace.value() == 0) present.pace.add(seconds, bytes);
    if (present_ == 0) return;
    const double serial = levels_[0].pace.value() * bytes;
    const double gain = serial - seconds;
    credit_ = std::min(credit_ + gain, std::max(time_slice, 2 * serial));
    lost_ = std::max(0.0, lost_ - gain);
    slow_ = seconds > slow * serial ? slow_ + 1 : 0;
    if (credit_ >= 0 && slow_ < 3) return;
    const double lost = lost_;
    use(0);
    levels_[0].pace.age();
    for (int k = 0; k < count_; ++k) levels_[k].rejections = 0;
    put_off(present, lost, bytes);
}

fastopt_threading ThreadChoice::threading() const {
    fastopt_threading found{};
    found.num_threads = used_;
    found.most = limit_.most;
    found.reason = limit_.reason;
    if (limit_.reason != FASTOPT_THREADS_MEASURED) return found;
    for (int k = 0; k < count_; ++k) {
        const double pace = levels_[k].pace.value();
        if (pace == 0) continue;
        found.tried[found.count] = levels_[k].threads;
        found.seconds[found.count++] = pace * static_cast<double>(bytes_);
    }
    return found;
}

SharedChoice& shared_choice(std::size_t bytes) {
    static std::array<SharedChoice, 8 * sizeof(std::size_t)> choices;
    std::size_t power = 0;
    while (bytes >>= 1) ++power;
    return choices[power];
}

}  // namespace fastopt::core
