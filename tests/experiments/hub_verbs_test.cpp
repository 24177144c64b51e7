// The verbs export, import and generate as a user runs them.
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/initialise.h"
#include "kernels/executor.h"
#include "models/instances.h"
#include "models/io/safetensors.h"
#include "program.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Matchers::Contains;

namespace {

constexpr int vocab = 7;

/// A checkpoint in its folder.
std::string write_model(const Scratch& folder, const std::string& pattern) {
  ModelOptions o;
  o.pattern = pattern, o.width = 8, o.heads = 1, o.head_dim = 4, o.hidden = 8;
  const Spec spec = make_spec(o, vocab);
  ModelConfig config;
  config.init = "fan_in", config.embed_std = 1;
  std::filesystem::create_directories(folder / "model");
  save_model(folder / "model/model.safetensors", spec, initial_weights(spec, config, 4),
             {"recall", {{"numbers", "2"}}, {"a", "b", "c", "d", "e", "f", "g"}, 3, 5});
  return folder / "model";
}

void check_one_line(const std::vector<std::string>& arguments, const std::string& part) {
  const Outcome outcome = run_program(arguments);
  INFO(outcome.err);
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.err, Contains(part));
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("a checkpoint exported and imported again is the same file") {
  const Scratch folder;
  const std::string model = write_model(folder, "GA");
  const Outcome out = run_program({"export", model, "--format", "olmo_hybrid", "--out", folder / "hf"});
  CHECK(out.code == 0);
  CHECK_THAT(out.out, Contains("as olmo_hybrid"));
  CHECK(run_program({"import", folder / "hf", "--out", folder / "back"}).code == 0);
  CHECK(read_whole(folder / "back/model.safetensors") == read_whole(model + "/model.safetensors"));
}

TEST_CASE("a pure delta rule exported to fla says by how much the residual stream is scaled") {
  const Scratch folder;
  const Outcome out = run_program({"export", write_model(folder, "GG"), "--format", "fla", "--out", folder / "fla"});
  CHECK(out.code == 0);
  CHECK_THAT(out.out, Contains("times 3.16228"));
}

TEST_CASE("generate continues each prompt with the tokens that repeated parallel forwards choose") {
  const Scratch folder;
  const std::string path = write_model(folder, "GA");
  write_whole(folder / "prompts", "1 2 3\n[4, 0]\n{\"tokens\": [6]}\n");
  const LoadedModel model = load_model(path);
  const auto executor = make_executor(model.spec, Device::cpu, Precision::fp32);
  std::string wanted;
  for (std::vector<std::int32_t> tokens : {std::vector<std::int32_t>{1, 2, 3}, {4, 0}, {6}}) {
    const std::size_t prompt = tokens.size();
    while (tokens.size() < prompt + 9) {
      const int n = static_cast<int>(tokens.size());
      const auto chosen = executor->predict(model.weights, {1, n, tokens, tokens, std::vector<std::uint8_t>(n, 1)});
      tokens.push_back(chosen.back());
    }
    wanted += fmt::format("{}\n", fmt::join(tokens.begin() + static_cast<std::ptrdiff_t>(prompt), tokens.end(), " "));
  }
  for (const char* device : {"cpu", "reference"})
    CHECK(run_program({"generate", path, "--prompt-file", folder / "prompts", "--tokens", "9", "--device", device}).out == wanted);
  const Outcome json = run_program({"generate", path, "--prompt-file", folder / "prompts", "--tokens", "9", "--json"});
  const auto first = nlohmann::json::parse(json.out.substr(0, json.out.find('\n')));
  CHECK(first["prompt"] == std::vector<int>{1, 2, 3});
  CHECK(first["tokens"].size() == 9);
  CHECK(first["words"][0] == std::string(1, static_cast<char>('a' + first["tokens"][0].get<int>())));
}

TEST_CASE("a temperature draws by the seed, and a stop token ends a sequence") {
  const Scratch folder;
  const std::string path = write_model(folder, "GA");
  write_whole(folder / "prompts", "1\n2\n");
  const auto generate = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"generate", path, "--prompt-file", folder / "prompts", "--tokens", "40"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_program(arguments);
    CHECK(outcome.code == 0);
    return outcome.out;
  };
  const std::string one = generate({"--temperature", "2", "--seed", "1"});
  CHECK(one == generate({"--temperature", "2", "--seed", "1"}));
  CHECK(one != generate({"--temperature", "2", "--seed", "2"}));
  const std::string stopped = generate({"--temperature", "2", "--seed", "1", "--stop", "3"});
  std::string wanted;
  std::istringstream lines(one);
  for (std::string line; std::getline(lines, line);) wanted += line.substr(0, std::min(line.find('3'), line.size() - 1) + 1) + "\n";
  CHECK(stopped == wanted);
}

TEST_CASE("wrong input to export, import, generate and logits is one line and exit code 2") {
  const Scratch folder;
  const std::string model = write_model(folder, "GA");
  write_whole(folder / "prompts", "1 7\n");
  write_whole(folder / "words", "1 two\n");
  write_whole(folder / "json", "{\"tokens\": \"1\"}\n");
  write_whole(folder / "blank", "1\n\n");
  write_whole(folder / "none", "");
  check_one_line({"export", model, "--format", "olmo", "--out", folder / "x"}, "did you mean 'olmo2'");
  check_one_line({"export", model, "--format", "fla", "--out", folder / "x"}, "fla cannot express this model: block 1");
  check_one_line({"export", folder / "no", "--format", "fla", "--out", folder / "x"}, "cannot read");
  check_one_line({"export", model, "--format", "olmo_hybrid", "--out", model}, "would be overwritten");
  check_one_line({"export", model, "--format", "olmo_hybrid", "--out", folder / "none/x"}, "cannot make the folder");
  const Scratch other;
  check_one_line({"export", model, "--format", "olmo_hybrid", "--out", write_model(other, "GG")}, "no export but a checkpoint");
  check_one_line({"import", folder / "no", "--out", folder / "x"}, "config.json");
  check_one_line({"import", model, "--out", model}, "would be overwritten");
  check_one_line({"generate", model}, "--prompt-file is required");
  check_one_line({"generate", model, "--prompt-file", folder / "no"}, "cannot read");
  check_one_line({"generate", model, "--prompt-file", folder / "prompts"}, "prompts:1: token 7 is outside");
  check_one_line({"generate", model, "--prompt-file", folder / "words"}, "words:1: wanted token ids");
  check_one_line({"generate", model, "--prompt-file", folder / "json"}, "json:1: `tokens` is not a list");
  check_one_line({"generate", model, "--prompt-file", folder / "blank"}, "blank:2: an empty line");
  check_one_line({"generate", model, "--prompt-file", folder / "none"}, "no tokens");
  write_whole(folder / "prompts", "1\n");
  check_one_line({"generate", model, "--prompt-file", folder / "prompts", "--tokens", "0"}, "--tokens");
  check_one_line({"generate", model, "--prompt-file", folder / "prompts", "--stop", "7"}, "--stop 7");
  check_one_line({"generate", model, "--prompt-file", folder / "prompts", "--temperature", "-1"}, "--temperature");
  check_one_line({"generate", model, "--prompt-file", folder / "prompts", "--device", "cuda"}, "no decoder");
  check_one_line({"logits", model, "--tokens", folder / "prompts", "--out", folder / "l", "--gradients", folder / "g"},
                 "give longer lines");
  CHECK(!std::filesystem::exists(folder / "l"));
  for (const char* line : {"1 99999999999", "1 2.5", "1 2 x", "[1, 2.7]", "[1, 99999999999]", "{\"tokens\": [1, -2]}", "[[1]]",
                           "[1 2", "1,,2", "1,2,", ", 1", "1, , 2"}) {
    write_whole(folder / "wrong", line);
    check_one_line({"logits", model, "--tokens", folder / "wrong", "--out", folder / "l"}, "wrong:1: ");
  }
  write_whole(folder / "prompts", "1 2\n");
  check_one_line({"logits", model, "--tokens", folder / "prompts", "--out", folder / "l", "--gradients", folder / "none/g"},
                 "cannot write");
}

TEST_CASE("a checkpoint that is cut, or misses a tensor, or has one of another shape is refused with its path") {
  const Scratch folder;
  const std::string path = write_model(folder, "GA") + "/model.safetensors", bad = folder / "bad.safetensors";
  const std::string whole = read_whole(path);
  const Safetensors good = read_safetensors(path);
  write_whole(folder / "tokens", "1 2\n");
  const auto refused = [&](const std::string& part) {
    check_one_line({"export", bad, "--format", "olmo_hybrid", "--out", folder / "x"}, part);
    check_one_line({"generate", bad, "--prompt-file", folder / "tokens"}, part);
    check_one_line({"logits", bad, "--tokens", folder / "tokens", "--out", folder / "x"}, part);
    CHECK(!std::filesystem::exists(folder / "x"));
  };
  write_whole(bad, whole.substr(0, whole.size() - 1));
  refused("bad.safetensors: truncated");
  Safetensors changed = good;
  changed.tensors.erase("model.norm.weight");
  write_safetensors(bad, changed);
  refused("bad.safetensors: no tensor named 'model.norm.weight'");
  changed.tensors["model.norm.weight"] = Tensor::of<float>({2, 4}, std::vector<float>(8));
  write_safetensors(bad, changed);
  refused("bad.safetensors: 'model.norm.weight' has shape [2, 4]");
}

TEST_CASE("import says of a config.json what it is, before it asks for the keys of a model it knows") {
  const Scratch folder;
  std::filesystem::create_directories(folder / "hub");
  const auto refused = [&](const std::string& config, const std::string& part) {
    write_whole(folder / "hub/config.json", config);
    check_one_line({"import", folder / "hub", "--out", folder / "x"}, "hub/config.json: " + part);
  };
  refused(R"({"model_type":"llama"})", "unknown model_type 'llama'; olmo_hybrid, gated_deltanet and olmo2 can be imported");
  refused(R"({"model_type":"olmo2"})", "'vocab_size' is missing");
  refused(R"({"model_type":"olm)", "cut off, or not JSON");
  refused("", "cut off, or not JSON");
  refused("[1]", "not a JSON object");
  REQUIRE(run_program({"export", write_model(folder, "GA"), "--format", "olmo_hybrid", "--out", folder / "hf"}).code == 0);
  std::filesystem::remove(folder / "hf/model.safetensors");
  write_whole(folder / "hf/model.safetensors.index.json", R"({"weight_map": {)");
  check_one_line({"import", folder / "hf", "--out", folder / "x"}, "index.json: cut off, or not JSON");
}

TEST_CASE("import names the keys of config.json that it does not understand") {
  const Scratch folder;
  REQUIRE(run_program({"export", write_model(folder, "GA"), "--format", "olmo_hybrid", "--out", folder / "hf"}).code == 0);
  const Outcome known = run_program({"import", folder / "hf", "--out", folder / "back"});
  CHECK(known.out.find("passed over") == std::string::npos);
  auto config = nlohmann::json::parse(read_whole(folder / "hf/config.json"));
  config["new_trick"] = true;
  write_whole(folder / "hf/config.json", config.dump());
  CHECK_THAT(run_program({"import", folder / "hf", "--out", folder / "again"}).out, Contains("passed over: new_trick"));
  config["hidden_size"] = 1 << 24;  // refused before memory is asked for
  write_whole(folder / "hf/config.json", config.dump());
  check_one_line({"import", folder / "hf", "--out", folder / "other"}, "config.json wants [7, 16777216]");
}

TEST_CASE("logits takes token ids from a safetensors file of tasks sample") {
  const Scratch folder;
  const std::string path = write_model(folder, "GA"), file = folder / "tokens.safetensors";
  write_whole(folder / "tokens", "1 2 3 4\n[5, 6]\n");
  REQUIRE(run_program({"logits", path, "--tokens", folder / "tokens", "--out", folder / "l"}).code == 0);
  Safetensors tokens;
  tokens.tensors["tokens"] = Tensor::of<std::int32_t>({2, 4}, std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 0, 0});
  tokens.tensors["lengths"] = Tensor::of<std::int32_t>({2}, std::vector<std::int32_t>{4, 2});
  write_safetensors(file, tokens);
  REQUIRE(run_program({"logits", path, "--tokens", file, "--out", folder / "m"}).code == 0);
  CHECK(read_whole(folder / "l") == read_whole(folder / "m"));
  CHECK(run_program({"generate", path, "--prompt-file", file}).out ==
        run_program({"generate", path, "--prompt-file", folder / "tokens"}).out);
  const auto refused = [&](const std::string& name, const Tensor& tensor, const std::string& part) {
    Safetensors bad = tokens;
    bad.tensors[name] = tensor;
    write_safetensors(file, bad);
    check_one_line({"logits", path, "--tokens", file, "--out", folder / "n"}, part);
  };
  const std::vector<std::int32_t> two = {4, 5}, three = {4, 2, 1};
  refused("lengths", Tensor::of<std::int32_t>({2}, two), "sequence 1 has length 5, wanted 1 to 4");
  refused("lengths", Tensor::of<std::int32_t>({3}, three), "3 lengths for 2 sequences");
  refused("tokens", Tensor::of<std::int32_t>({3}, three), "`tokens` is I32 with 1 axes");
  refused("tokens", Tensor::of<float>({1, 2}, std::vector<float>(2)), "`tokens` is F32");
  refused("tokens", Tensor::of<std::int32_t>({2, 1}, std::vector<std::int32_t>{1, 7}), "sequence 0 has length 4");
  tokens.tensors.erase("lengths");
  refused("tokens", Tensor::of<std::int32_t>({2, 1}, std::vector<std::int32_t>{1, 7}), "sequence 1: token 7 is outside");
}

TEST_CASE("logits over other numbers are those of the generic layers, the layers too") {
  const Scratch folder;
  const std::string path = write_model(folder, "GA");
  write_whole(folder / "tokens", "1 2 3 4\n");
  const auto run = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"logits", path, "--tokens", folder / "tokens", "--out", folder / "l", "--layers"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_program(arguments);
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return read_safetensors(folder / "l");
  };
  const LoadedModel loaded = load_model(path);
  Weights<double> weights(loaded.spec);
  std::copy(loaded.weights.values().begin(), loaded.weights.values().end(), weights.values().begin());
  const Model<double> model(loaded.spec, weights);
  const Safetensors exact = run({"--numbers", "double"}), kernels = run({"--numbers", "float"}), log = run({"--numbers", "log:53"});
  CHECK(exact.metadata.at("numbers") == "double");
  const std::vector<int> tokens = {1, 2, 3, 4};
  CHECK(exact.at("logits.0").values<double>() == logits(model, tokens).values());
  auto state = model.start();
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const auto rows = model.trace(state, tokens[t]);
    for (std::size_t b = 0; b < rows.size(); ++b) {
      const std::vector<double> layer = exact.at(fmt::format("layers.0.{}", b)).values<double>();
      CHECK(std::equal(rows[b].begin(), rows[b].end(), layer.begin() + static_cast<std::ptrdiff_t>(8 * t)));
    }
  }
  CHECK(exact.at("logits.0").shape == kernels.at("logits.0").shape);
  const std::vector<float> fp32 = kernels.at("logits.0").values<float>();
  const std::vector<double> truth = exact.at("logits.0").values<double>(), rounded = log.at("logits.0").values<double>();
  double largest = 0;
  for (const double x : truth) largest = std::max(largest, std::abs(x));
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CHECK(std::abs(fp32[i] - truth[i]) <= 1e-4 * largest);  // what fp32 must reach beside other programs (hub_test.cpp)
    CHECK(std::abs(rounded[i] - truth[i]) <= 1e-4 * largest);
  }
  const std::string out = folder / "n";
  check_one_line({"logits", path, "--tokens", folder / "tokens", "--out", out, "--numbers", "doubel"}, "did you mean 'double'");
  check_one_line({"logits", path, "--tokens", folder / "tokens", "--out", out, "--numbers", "rational"}, "needs sqrt");
  check_one_line({"logits", path, "--tokens", folder / "tokens", "--out", out, "--numbers", "double", "--precision", "bf16"},
                 "give one of the two");
  check_one_line({"logits", path, "--tokens", folder / "tokens", "--out", out, "--numbers", "double", "--gradients", folder / "g"},
                 "not double");
}

TEST_CASE("logits writes the loss and the gradients of the executor") {
  const Scratch folder;
  const std::string path = write_model(folder, "GA");
  write_whole(folder / "tokens", "1 2 3 4\n5 6\n");
  const Outcome outcome =
      run_program({"logits", path, "--tokens", folder / "tokens", "--out", folder / "l", "--gradients", folder / "g"});
  REQUIRE(outcome.code == 0);
  const LoadedModel model = load_model(path);
  Weights<float> gradient(model.spec);
  const Batch batch{2, 3, {1, 2, 3, 5, 0, 0}, {2, 3, 4, 6, 0, 0}, {1, 1, 1, 1, 0, 0}};
  const double loss = make_executor(model.spec, Device::cpu, Precision::fp32)->loss_and_gradient(model.weights, batch, gradient);
  const Safetensors file = read_safetensors(folder / "g");
  CHECK(std::stod(file.metadata.at("loss")) == loss);
  for (const Parameter& p : gradient.layout())
    CHECK(file.at(p.name).values<float>() == std::vector<float>(gradient[p.name].begin(), gradient[p.name].end()));
}
