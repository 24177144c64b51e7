// The delta rule for Python: the CPU kernel in float, the definition in double.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <optional>
#include <tuple>

#include "experiments/python/arrays.h"
#include "experiments/python/delta_rule_reference.h"
#include "experiments/python/module.h"
#include "tasks/error.h"

namespace nb = nanobind;

namespace separatrix {
namespace {

template <class T>
using Array = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;
template <class T>
using MaybeArray = std::optional<Array<T>>;

/// q, k (batch, length, key_heads, key_dim); v (batch, length, value_heads, value_dim); g, beta (batch, length, value_heads);
/// state (batch, value_heads, key_dim, value_dim) or none.
template <class T>
struct Arguments {
  Array<T> q, k, v, g, beta;
  MaybeArray<T> state;

  void want(bool holds, const char* what) const {
    if (!holds) fail("delta rule: {}", what);
  }
  DeltaShape shape() const {
    want(q.ndim() == 4 && k.ndim() == 4 && v.ndim() == 4, "q, k, v have four axes: batch, length, heads, dimension");
    const auto same = [&](const Array<T>& a, const Array<T>& b, std::size_t axes) {
      for (std::size_t i = 0; i < axes; ++i)
        if (a.shape(i) != b.shape(i)) return false;
      return true;
    };
    want(same(q, k, 4), "q and k have the same shape");
    want(same(q, v, 2), "q and v have the same batch and length");
    want(g.ndim() == 3 && same(g, v, 3) && beta.ndim() == 3 && same(beta, v, 3), "g and beta are (batch, length, value_heads)");
    want(q.size() > 0 && v.size() > 0, "no axis is empty");
    const DeltaShape s{int(q.shape(0)), int(q.shape(1)), int(q.shape(2)), int(v.shape(2)), int(q.shape(3)), int(v.shape(3))};
    want(s.value_heads % s.key_heads == 0, "the value heads are a multiple of the key heads");
    want(!state || (state->ndim() == 4 && int(state->shape(0)) == s.batch && int(state->shape(1)) == s.value_heads &&
                    int(state->shape(2)) == s.key_dim && int(state->shape(3)) == s.value_dim),
         "the state is (batch, value_heads, key_dim, value_dim)");
    return s;
  }
};

struct Shapes {
  explicit Shapes(const DeltaShape& s)
      : keys{s.batch, s.length, s.key_heads, s.key_dim},
        values{s.batch, s.length, s.value_heads, s.value_dim},
        gates{s.batch, s.length, s.value_heads},
        state{s.batch, s.value_heads, s.key_dim, s.value_dim} {}
  std::vector<std::int64_t> keys, values, gates, state;
};

std::size_t count(const std::vector<std::int64_t>& shape) {
  std::size_t n = 1;
  for (const std::int64_t axis : shape) n *= static_cast<std::size_t>(axis);
  return n;
}

DeltaInput kernel_input(const Arguments<float>& a, const DeltaShape& s) {
  const std::ptrdiff_t keys = std::ptrdiff_t{s.key_heads} * s.key_dim, values = std::ptrdiff_t{s.value_heads} * s.value_dim;
  return {{a.q.data(), keys},
          {a.k.data(), keys},
          {a.v.data(), values},
          {a.g.data(), s.value_heads},
          {a.beta.data(), s.value_heads},
          a.state ? a.state->data() : nullptr};
}

using Forward = std::tuple<nb::object, nb::object, nb::object>;  // o, final state, what the backward needs
using Backward = std::tuple<nb::object, nb::object, nb::object, nb::object, nb::object, nb::object>;

Forward kernel_forward(Array<float> q, Array<float> k, Array<float> v, Array<float> g, Array<float> beta, MaybeArray<float> state,
                       float scale, bool write_beta) {
  const Arguments<float> a{q, k, v, g, beta, state};
  const DeltaShape s = a.shape();
  const Shapes shapes(s);
  std::vector<float> o(count(shapes.values)), last(count(shapes.state)), saved(delta_saved_size(s)), work(delta_workspace_size(s));
  {
    nb::gil_scoped_release release;
    delta_forward(s, {scale, write_beta}, kernel_input(a, s), {o.data(), std::ptrdiff_t{s.value_heads} * s.value_dim}, last.data(),
                  saved.data(), work.data());
  }
  const std::int64_t saved_size = static_cast<std::int64_t>(saved.size());
  return {array_of(std::move(o), shapes.values), array_of(std::move(last), shapes.state), array_of(std::move(saved), {saved_size})};
}

Backward kernel_backward(Array<float> q, Array<float> k, Array<float> v, Array<float> g, Array<float> beta, MaybeArray<float> state,
                         float scale, bool write_beta, Array<float> saved, Array<float> d_o, Array<float> d_last) {
  const Arguments<float> a{q, k, v, g, beta, state};
  const DeltaShape s = a.shape();
  const Shapes shapes(s);
  a.want(saved.size() == delta_saved_size(s) && d_o.size() == count(shapes.values) && d_last.size() == count(shapes.state),
         "the gradients have the shapes of the results");
  const std::ptrdiff_t keys = std::ptrdiff_t{s.key_heads} * s.key_dim, values = std::ptrdiff_t{s.value_heads} * s.value_dim;
  std::vector<float> dq(count(shapes.keys)), dk(dq.size()), dv(count(shapes.values)), dg(count(shapes.gates)), dbeta(dg.size()),
      dstate(count(shapes.state)), work(delta_workspace_size(s));
  {
    nb::gil_scoped_release release;
    delta_backward(s, {scale, write_beta}, kernel_input(a, s), saved.data(), {d_o.data(), values}, d_last.data(),
                   {{dq.data(), keys},
                    {dk.data(), keys},
                    {dv.data(), values},
                    {dg.data(), s.value_heads},
                    {dbeta.data(), s.value_heads},
                    dstate.data()},
                   work.data());
  }
  return {array_of(std::move(dq), shapes.keys),     array_of(std::move(dk), shapes.keys),
          array_of(std::move(dv), shapes.values),   array_of(std::move(dg), shapes.gates),
          array_of(std::move(dbeta), shapes.gates), array_of(std::move(dstate), shapes.state)};
}

std::vector<double> values_of(const Array<double>& x) {
  return {x.data(), x.data() + x.size()};
}

DeltaArrays<double> reference_input(const Arguments<double>& a, const Shapes& shapes) {
  return {values_of(a.q), values_of(a.k),    values_of(a.v),
          values_of(a.g), values_of(a.beta), a.state ? values_of(*a.state) : std::vector<double>(count(shapes.state))};
}

Forward reference_forward(Array<double> q, Array<double> k, Array<double> v, Array<double> g, Array<double> beta,
                          MaybeArray<double> state, float scale, bool write_beta) {
  const Arguments<double> a{q, k, v, g, beta, state};
  const DeltaShape s = a.shape();
  const Shapes shapes(s);
  DeltaOutputs<double> out = reference_delta(s, {scale, write_beta}, reference_input(a, shapes));
  return {array_of(std::move(out.o), shapes.values), array_of(std::move(out.state), shapes.state), nb::none()};
}

Backward reference_backward(Array<double> q, Array<double> k, Array<double> v, Array<double> g, Array<double> beta,
                            MaybeArray<double> state, float scale, bool write_beta, nb::object, Array<double> d_o,
                            Array<double> d_last) {
  const Arguments<double> a{q, k, v, g, beta, state};
  const DeltaShape s = a.shape();
  const Shapes shapes(s);
  a.want(d_o.size() == count(shapes.values) && d_last.size() == count(shapes.state),
         "the gradients have the shapes of the results");
  DeltaArrays<double> d =
      reference_delta_gradient(s, {scale, write_beta}, reference_input(a, shapes), {values_of(d_o), values_of(d_last)});
  return {array_of(std::move(d.q), shapes.keys),     array_of(std::move(d.k), shapes.keys),
          array_of(std::move(d.v), shapes.values),   array_of(std::move(d.g), shapes.gates),
          array_of(std::move(d.beta), shapes.gates), array_of(std::move(d.state), shapes.state)};
}

}  // namespace

void bind_delta_rule(nb::module_& m) {
  m.def("delta_rule_forward", &kernel_forward, nb::arg("q").noconvert(), nb::arg("k").noconvert(), nb::arg("v").noconvert(),
        nb::arg("g").noconvert(), nb::arg("beta").noconvert(), nb::arg("state").noconvert().none(), nb::arg("scale"),
        nb::arg("write_beta"));
  m.def("delta_rule_forward", &reference_forward, nb::arg("q").noconvert(), nb::arg("k").noconvert(), nb::arg("v").noconvert(),
        nb::arg("g").noconvert(), nb::arg("beta").noconvert(), nb::arg("state").noconvert().none(), nb::arg("scale"),
        nb::arg("write_beta"));
  m.def("delta_rule_backward", &kernel_backward, nb::arg("q").noconvert(), nb::arg("k").noconvert(), nb::arg("v").noconvert(),
        nb::arg("g").noconvert(), nb::arg("beta").noconvert(), nb::arg("state").noconvert().none(), nb::arg("scale"),
        nb::arg("write_beta"), nb::arg("saved").noconvert(), nb::arg("d_o").noconvert(), nb::arg("d_state").noconvert());
  m.def("delta_rule_backward", &reference_backward, nb::arg("q").noconvert(), nb::arg("k").noconvert(), nb::arg("v").noconvert(),
        nb::arg("g").noconvert(), nb::arg("beta").noconvert(), nb::arg("state").noconvert().none(), nb::arg("scale"),
        nb::arg("write_beta"), nb::arg("saved").none(), nb::arg("d_o").noconvert(), nb::arg("d_state").noconvert());
}

}  // namespace separatrix
