// The word problem of A5 by one delta-rule layer with keys of three dimensions, over Q(sqrt 5).
// A5 is the group of rotations of the icosahedron; every rotation is the product of two of its fifteen mirrors.  Each element is
// spelled by two half turns (a b)(c d); the mirror of a half turn differs from it by the factor -1, which two of them cancel.
#include "constructions/carried_rows.h"
#include "constructions/construction.h"
#include "constructions/icosahedron.h"
#include "tasks/word_group.h"

namespace separatrix {
namespace {

/// The mirror whose action on the frames is p.
const Mirror& mirror_of(const Permutation& p) {
  for (const Mirror& mirror : icosahedral_mirrors())
    if (mirror.frames == p) return mirror;
  fail("no mirror moves the frames by {}", one_line(p));
}

}  // namespace

BuiltModel build_icosahedron_by_mirrors(int dim) {
  if (dim != 3) fail("icosahedron_by_mirrors has keys of 3 dimensions, not {}", dim);
  const TaskOptions options{{"group", "A5"}, {"letters", "half_turns"}};
  const auto task = make_task("word_problem", options);
  const Spec spec = theory_spec({delta_rule_block(dim, dim, 1, 0, 0)});
  WeightBuilder w(spec, task->vocabulary(), carried_coordinates(dim));
  w.embed_all({{"one", 1}});
  w.embed("A5", {{"loads", 1}});

  const WordGroup group("A5");
  const Letters letters = letters_of(group, "half_turns");
  for (std::size_t l = 0; l < letters.names.size(); ++l) {
    const Vector3& n = mirror_of(letters.permutations[l]).normal;
    w.embed(letters.names[l], {{"reflects", 1}, {"key_0", n[0]}, {"key_1", n[1]}, {"key_2", n[2]}});
  }
  const Vector3 point{1, 2, 4};  // on no mirror, so that its 60 images differ
  carry_rows(w, 0, {1, 2, 4}, 1);
  for (int g = 0; g < group.order(); ++g) {
    Vector3 image = point;  // the last mirror acts on the point first
    for (int i = 1; i >= 0; --i) image = reflected(image, mirror_of(letters.permutations[letters.spelling[g][i]]).normal);
    read_image(w, group.elements()[g], {image[0], image[1], image[2]});
  }
  return {w.spec(), w.weights(), "word_problem", options};
}

}  // namespace separatrix
