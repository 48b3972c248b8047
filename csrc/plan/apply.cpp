#include "apply.h"

#include <vector>

#include "../base/checks.h"
#include "../base/failure.h"
#include "../runtime/isa.h"
#include "../runtime/thread_choice.h"
#include "operand.h"
#include "overlap.h"
#include "tasks.h"

namespace fastopt::core {
namespace {

void check_apart(const Extent* extents, std::size_t count, const fastopt_variant_info& variant) {
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (overlap(extents[i], extents[k]))
                refuse_overlap(operand_name(variant, i), operand_name(variant, k));
}

}  // namespace

const char* operand_name(const fastopt_variant_info& variant, std::size_t operand) {
    return operand == 0 ? "p" : operand == gradient_operand ? "g" : variant.slots[operand - 2];
}

void apply(const RuleOptions& options, std::int64_t step, fastopt_array (&operands)[max_operands],
           bool disjoint, int num_threads) {
    if (step < 1 || step > FASTOPT_MAX_STEPS)
        refuse("step = " + std::to_string(step) + " must be an integer from 1 to " +
               std::to_string(FASTOPT_MAX_STEPS));
    const fastopt_variant_info& variant = variant_info(options.variant());
    const std::size_t count = 2 + variant.slot_count;
    const fastopt_array& parameter = operands[0];
    std::ptrdiff_t c_strides[FASTOPT_MAX_DIMS];
    Extent extents[max_operands];
    for (std::size_t k = 0; k < count; ++k) {
        fastopt_array& array = operands[k];
        const char* name = operand_name(variant, k);
        check_like(array, parameter.type, parameter.ndim, parameter.shape, name);
        fill_strides(array, c_strides);
        if (k == gradient_operand)
            check_read(array, name);
        else
            check_written(array, name);
        extents[k] = extent(array);
    }
    if (!disjoint) check_apart(extents, count, variant);

    Task task{};
    task.kernel = &active_isa().at(parameter.type, options.variant());
    task.count = task.end = element_count(parameter);
    if (task.count == 0) return;
    task.item = size_of(parameter.type);
    task.operands = count;
    int order[FASTOPT_MAX_DIMS];
    sweep_order(*task.kernel, parameter, order);
    Operand bound[max_operands];
    Operand::Axis axes[max_operands][FASTOPT_MAX_DIMS];
    for (std::size_t k = 0; k < count; ++k) {
        bound[k].bind(operands[k], order, axes[k]);
        task.at[k] = operands[k].data;
        if (!bound[k].contiguous()) task.tiled = bound;
    }
    CoefficientBlock coefficients;
    options.compute_coefficients(parameter.type, Step{step}, coefficients);
    task.coefficients = coefficients.bytes;
    task.blocks_end = task.blocks();
    const std::size_t bytes = task.count * task.item * count;
    run_shared(thread_limit(num_threads, bytes), bytes, [&](int threads) {
        std::vector<Tiles> tiles(task.tiled == nullptr ? 0 : static_cast<std::size_t>(threads));
        return run_tasks(&task, 1, threads, tiles.empty() ? nullptr : tiles.data());
    });
}

}  // namespace fastopt::core
