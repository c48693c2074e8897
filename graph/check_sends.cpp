// Whether what a patch sends out is a param or a meter that there is.
// SPDX-License-Identifier: MIT
#include "graph/check.h"

namespace legume {

void check_sends(Checked& checked) {
    for (const auto& send : checked.patch.sends)
        for (const auto& end : send.values)
            find_member(checked, end, {Member::Kind::param, Member::Kind::meter}, "param or meter", checked.problems);
}

}  // namespace legume
