// What stands between scenes: follows the params of each node that has two to four scenes, and moves theirs along.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/control/controls.h"

namespace legume {

// Control thread. Nothing is moved before the morph is; another hand on one of the scenes' params keeps it until the
// morph is moved anew.
class Morphs final : public Follower {
  public:
    explicit Morphs(Controls& controls);
    void bind(bool another) override;
    void tick() override;

  private:
    struct Way {  // of one param; a scene that does not name it leaves it where it stands
        Target target;
        float corners[4];
    };
    struct Morph {
        std::string source;         // "morph pad"
        std::vector<Target> hands;  // its own params: x, y
        std::vector<Way> ways;
        std::size_t scenes = 0;
    };
    struct Stand {  // kept over edits
        float x = 0, y = 0;
        std::set<std::string> taken;  // by other hands
    };
    void moved(const Target& target, std::string_view source);
    static float between(const Morph& morph, const Way& way, float x, float y);

    std::vector<Morph> morphs_;
    std::map<std::string, Stand> stands_;  // by source
};

}  // namespace legume
