// Weights, gradient and moments in one arena; batches through pinned memory; the whole step (copies, forward, backward, clipping,
// AdamW) recorded as one graph per shape and replayed.  A shape's first step runs unrecorded, because it allocates.
#include "kernels/cuda/executor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <tuple>

#include "kernels/adamw/adamw.h"
#include "kernels/cuda/model.h"
#include "kernels/picked.h"

namespace separatrix::SIMT {
namespace {

class DeviceExecutor final : public Executor, public ResidentTraining {
 public:
  DeviceExecutor(const Spec& spec, Precision precision) : spec_(spec), context_(precision), model_(spec, context_) {
    size_ = model_.layout().values().size();
    apart_ = (size_ + 63) / 64 * 64;
    numbers_.reserve(1), numbers_here_.reserve(1);
    *numbers_here_.data() = StepNumbers{};
    norm_scratch_.reserve(norm_blocks);
  }

  double loss_and_gradient(const Weights<float>& weights, const Batch& batch, Weights<float>& gradient) override {
    const DeviceBatch here = place_batch(batch, counted_tokens(batch));
    borrow(weights);
    step_numbers().loss_scale = static_cast<float>(1.0 / counted(batch));
    upload(here);
    model_.loss_and_gradient(here, model_.forward(here), numbers_.data());
    download(gradient.values().data(), context_.gradient, size_);
    return finish_numbers().loss;
  }

  std::vector<std::int32_t> predict(const Weights<float>& weights, const Batch& batch) override {
    const std::vector<std::int32_t> counted = counted_tokens(batch);
    const DeviceBatch here = place_batch(batch, counted);
    borrow(weights);
    return predict_placed(here, counted);
  }

  Matrix<float> logits(const Weights<float>& weights, const Batch& batch) override {
    const Rows<float> out = forward(weights, batch);
    return downloaded(out, batch.tokens.size(), spec_.vocab);
  }

  std::vector<Matrix<float>> layers(const Weights<float>& weights, const Batch& batch) override {
    forward(weights, batch);
    std::vector<Matrix<float>> out;
    for (std::size_t i = 0; i < model_.blocks(); ++i)
      out.push_back(downloaded(model_.stream_after(i), batch.tokens.size(), spec_.width));
    return out;
  }

  ResidentTraining* resident() override { return this; }

  void load(const std::vector<float>& weights, const std::vector<float>& first, const std::vector<float>& second,
            const std::vector<std::uint8_t>& decayed) override {
    if (weights.size() != size_ || first.size() != size_ || second.size() != size_ || decayed.size() != size_)
      fail("training on the device: {} weights, but {} and {} moments of a model of {}", weights.size(), first.size(),
           second.size(), size_);
    arena_.reserve(4 * apart_);
    decayed_ = DeviceArray<std::uint8_t>(decayed);
    graphs_.clear();
    const std::vector<float>* parts[] = {&weights, &first, &second};
    for (std::size_t i = 0; i < 3; ++i)
      copy_async(context_.stream(), arena_.data() + i * apart_, parts[i]->data(), size_ * sizeof(float));
    wait_for(context_.stream());
  }

  StepOutcome step(const Batch& batch, const AdamW& a, double clip, double loss_limit, std::int64_t t) override {
    const DeviceBatch here = place_batch(batch, counted_tokens(batch));
    set_step(a, clip, loss_limit, t, counted(batch));
    forget_moved_graphs();
    const GraphShape shape{batch.batch, batch.length, here.picked};
    const auto found = graphs_.find(shape);
    if (found == graphs_.end()) {
      queue_step(here);
      forget_moved_graphs();
      if (graphs_.size() >= most_graphs) graphs_.clear();
      graphs_[shape] = nullptr;
    } else {
      if (!found->second) found->second = std::make_unique<Graph>(context_.stream(), [&] { queue_step(here); });
      found->second->replay(context_.stream());
    }
    const StepNumbers& done = finish_numbers();
    return {done.loss, done.gradient_norm, done.updated != 0};
  }

  std::vector<std::int32_t> predict(const Batch& batch) override {
    const std::vector<std::int32_t> counted = counted_tokens(batch);
    const DeviceBatch here = place_batch(batch, counted);
    context_.weights = arena_.data();
    return predict_placed(here, counted);
  }

  void fetch(std::vector<float>& weights, std::vector<float>& first, std::vector<float>& second) override {
    std::vector<float>* parts[] = {&weights, &first, &second};
    for (std::size_t i = 0; i < 3; ++i) download(parts[i]->data(), arena_.data() + i * apart_, size_);
    wait_for(context_.stream());
  }

 private:
  static double counted(const Batch& batch) {
    const auto count = std::count(batch.mask.begin(), batch.mask.end(), 1);
    if (count == 0) fail("a batch without a counted position has no loss");
    return static_cast<double>(count);
  }

  /// `count` filled up to the next of at most 32 numbers up to `tokens`: one graph serves batches whose counted tokens are nearly
  /// as many.
  static std::size_t filled_up(std::size_t count, std::size_t tokens) {
    const std::size_t step = std::max<std::size_t>(16, std::bit_floor(tokens / 16));
    return std::min(tokens, std::max<std::size_t>(1, (count + step - 1) / step) * step);
  }

  StepNumbers& step_numbers() { return *numbers_here_.data(); }
  /// Waits for everything queued and reads the step's results.
  const StepNumbers& finish_numbers() {
    copy_async(context_.stream(), numbers_here_.data(), numbers_.data(), sizeof(StepNumbers));
    wait_for(context_.stream());
    return *numbers_here_.data();
  }

  void set_step(const AdamW& a, double clip, double loss_limit, std::int64_t step, double count) {
    const double t = static_cast<double>(step);
    const auto f = [](double x) { return static_cast<float>(x); };
    step_numbers() = StepNumbers{f(a.beta1),
                                 f(1 - a.beta1),
                                 f(a.beta2),
                                 f(1 - a.beta2),
                                 f(a.eps),
                                 f(a.lr / (1 - std::pow(a.beta1, t))),
                                 f(1 / std::sqrt(1 - std::pow(a.beta2, t))),
                                 f(a.lr * a.weight_decay),
                                 f(clip),
                                 f(1 / count),
                                 f(loss_limit),
                                 0,
                                 0,
                                 1,
                                 0};
  }

  /// Checks a batch and writes it to pinned memory; memory on both sides grows when it must.  `picked`: see DeviceBatch; not all
  /// of these count.
  DeviceBatch place_batch(const Batch& batch, const std::vector<std::int32_t>& picked) {
    check_batch(batch);
    const std::size_t n = batch.tokens.size(), m = filled_up(picked.size(), n);
    if (integers_here_.reserve(5 * n)) graphs_.clear();
    if (mask_here_.reserve(n)) graphs_.clear();
    std::int32_t *device = integers_.reserve(context_, 5 * n), *here = integers_here_.data();
    std::int32_t *places = here + 2 * n, *rows = here + 3 * n, *targets = here + 4 * n;
    std::copy(batch.tokens.begin(), batch.tokens.end(), here);
    for (std::size_t i = 0; i < n; ++i) here[n + i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(batch.length));
    std::fill_n(places, n, -1);
    for (std::size_t j = 0; j < m; ++j) {
      const std::size_t row = j < picked.size() ? static_cast<std::size_t>(picked[j]) : 0;
      if (j < picked.size()) places[row] = static_cast<std::int32_t>(j);
      const bool counts = j < picked.size() && batch.mask[row];
      rows[j] = static_cast<std::int32_t>(row), targets[j] = counts ? batch.targets[row] : 0;
      mask_here_.data()[j] = counts;
    }
    return {{batch.batch, batch.length},    device,         device + n,     device + 2 * n,
            static_cast<std::ptrdiff_t>(m), device + 3 * n, device + 4 * n, mask_.reserve(context_, n)};
  }
  void check_batch(const Batch& batch) const {
    const std::size_t n = batch.tokens.size();
    for (std::size_t i = 0; i < n; ++i) {
      if (batch.tokens[i] < 0 || batch.tokens[i] >= spec_.vocab)
        fail("embedding: token {} at {} is not one of the {} rows", batch.tokens[i], i, spec_.vocab);
      if (batch.mask[i] && (batch.targets[i] < 0 || batch.targets[i] >= spec_.vocab))
        fail("cross_entropy: target {} in row {} is not one of the {} tokens", batch.targets[i], i, spec_.vocab);
    }
    if (spec_.learned_positions > 0 && batch.length > spec_.learned_positions)
      fail("position {} is beyond the {} learned positions of this model; train one with more (model.max_positions)",
           spec_.learned_positions, spec_.learned_positions);
  }
  void upload(const DeviceBatch& batch) {
    const auto n = static_cast<std::size_t>(batch.shape.tokens());
    copy_async(context_.stream(), integers_.data(), integers_here_.data(), 5 * n * sizeof(std::int32_t));
    copy_async(context_.stream(), mask_.data(), mask_here_.data(), static_cast<std::size_t>(batch.picked));
    copy_async(context_.stream(), numbers_.data(), numbers_here_.data(), sizeof(StepNumbers));
  }

  /// Weights of the host for one pass; those of a training in progress stay where they are.
  void borrow(const Weights<float>& weights) {
    guest_.reserve(2 * apart_);
    context_.weights = guest_.data(), context_.gradient = guest_.data() + apart_;
    copy_async(context_.stream(), guest_.data(), weights.values().data(), size_ * sizeof(float));
  }

  Rows<float> forward(const Weights<float>& weights, const Batch& batch) {
    const DeviceBatch here = place_batch(batch, all_tokens(batch));
    borrow(weights);
    upload(here);
    return model_.forward(here);
  }

  /// -1 where a token does not count.
  std::vector<std::int32_t> predict_placed(const DeviceBatch& batch, const std::vector<std::int32_t>& counted) {
    upload(batch);
    std::int32_t* out = predicted_.reserve(context_, static_cast<std::size_t>(batch.picked));
    argmax(context_.stream(), batch.picked, spec_.vocab, model_.forward(batch), batch.mask, out);
    std::vector<std::int32_t> best(counted.size()), predicted(static_cast<std::size_t>(batch.shape.tokens()), -1);
    if (!best.empty()) copy_async(context_.stream(), best.data(), out, best.size() * sizeof(std::int32_t));
    wait_for(context_.stream());
    for (std::size_t i = 0; i < best.size(); ++i) predicted[static_cast<std::size_t>(counted[i])] = best[i];
    return predicted;
  }

  /// What a graph records.
  void queue_step(const DeviceBatch& batch) {
    context_.weights = arena_.data(), context_.gradient = arena_.data() + 3 * apart_;
    upload(batch);
    model_.loss_and_gradient(batch, model_.forward(batch), numbers_.data());
    adamw(context_.stream(), static_cast<std::ptrdiff_t>(size_), context_.gradient, decayed_.data(), arena_.data() + apart_,
          arena_.data() + 2 * apart_, arena_.data(), norm_scratch_.data(), numbers_.data());
  }

  /// Memory that has moved since they were recorded makes graphs void.
  void forget_moved_graphs() {
    if (context_.moves != moves_) graphs_.clear();
    moves_ = context_.moves;
  }

  /// A matrix (rows, cols) of the device, once all that is queued is done.
  Matrix<float> downloaded(Rows<const float> x, std::size_t rows, std::size_t cols) {
    Matrix<float> matrix(rows, cols);
    const std::size_t bytes = cols * sizeof(float);
    copy_rows_async(context_.stream(), matrix.values().data(), bytes, x.data, static_cast<std::size_t>(x.stride) * sizeof(float),
                    bytes, rows);
    wait_for(context_.stream());
    return matrix;
  }
  void download(float* to, const float* from, std::size_t count) { copy_async(context_.stream(), to, from, count * sizeof(float)); }

  Spec spec_;
  DeviceContext context_;
  DeviceModel model_;
  std::size_t size_ = 0, apart_ = 0;  // of the weights; from one part of an arena to the next, which is aligned
  DeviceArray<float> arena_, guest_;  // weights, moments, gradient | weights, gradient
  DeviceArray<std::uint8_t> decayed_;
  DeviceArray<StepNumbers> numbers_;
  DeviceArray<double> norm_scratch_;
  PinnedArray<StepNumbers> numbers_here_;
  PinnedArray<std::int32_t> integers_here_;
  PinnedArray<std::uint8_t> mask_here_;
  DeviceBuffer<std::int32_t> integers_, predicted_;
  DeviceBuffer<std::uint8_t> mask_;
  std::int64_t moves_ = 0;
  static constexpr std::size_t most_graphs = 256;           // a curriculum goes from shape to shape; old ones must not pile up
  using GraphShape = std::tuple<int, int, std::ptrdiff_t>;  // sequences, their length, picked tokens
  std::map<GraphShape, std::unique_ptr<Graph>> graphs_;     // null: the shape ran once, unrecorded
};

}  // namespace

std::unique_ptr<Executor> make_device_executor(const Spec& spec, Precision precision) {
  require_device();
  return std::make_unique<DeviceExecutor>(spec, precision);
}

}  // namespace separatrix::SIMT
