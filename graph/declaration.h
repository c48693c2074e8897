// What a node, an entry of a list, or what stands beside every patch declares: members, by name and by kind.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/member.h"
#include "graph/patch/value.h"

namespace legume {

class Option;

class Declaration {
  public:
    Declaration() = default;
    virtual ~Declaration() = default;
    Declaration(const Declaration&) = delete;
    Declaration& operator=(const Declaration&) = delete;

    const std::vector<Member*>& members() const { return members_; }
    Member* find(std::string_view name) const;
    const std::vector<In*>& ins() const { return ins_; }
    const std::vector<Out*>& outs() const { return outs_; }
    const std::vector<Param*>& params() const { return params_; }
    const std::vector<Trigger*>& triggers() const { return triggers_; }
    const std::vector<Notes*>& notes() const { return notes_; }
    const std::vector<Option*>& options() const { return options_; }
    const std::vector<Meter*>& meters() const { return meters_; }
    const std::vector<Work*>& works() const { return works_; }
    const std::vector<TimingDecision*>& decisions() const { return decisions_; }

    // Set options, and then params, from the patch's text; everything wrong becomes a problem. A setting that is
    // neither is one of the second, since the members that follow from options are declared between the two.
    void configure_options(const PatchNode& text, Problems& problems);
    void configure_params(const PatchNode& text, Problems& problems);
    void configure(const PatchNode& text, Problems& problems) {
        configure_options(text, problems);
        configure_params(text, problems);
    }
    // What speaks against one more member of that name, with the next step; empty: nothing.
    std::string refuses(std::string_view name) const;
    void set_rate(double rate);  // frames a second, from which params know how long they glide; before the first block

    // Audio thread, once a block, of what is in no schedule: params glide on, and what came in the block has been
    // heard.
    void advance_members() noexcept RT_SAFE;
    // Audio thread, after a block: its triggers and notes.
    void forget_events() noexcept RT_SAFE;

  protected:
    // Audio thread, of what is in no schedule, before advance_members().
    static bool moving(const Param& param) noexcept RT_SAFE { return param.left_ > 0; }
    static bool fired(const Trigger& trigger) noexcept RT_SAFE { return trigger.edges_ != 0; }

  private:
    friend class Member;
    friend class In;
    friend class Out;
    friend class Param;
    friend class Trigger;
    friend class Notes;
    friend class Option;
    friend class Meter;
    friend class Work;
    friend class TimingDecision;
    std::vector<Member*> members_;  // in order of declaration
    std::vector<In*> ins_;
    std::vector<Out*> outs_;
    std::vector<Param*> params_;
    std::vector<Trigger*> triggers_;
    std::vector<Notes*> notes_;
    std::vector<Option*> options_;
    std::vector<Meter*> meters_;
    std::vector<Work*> works_;
    std::vector<TimingDecision*> decisions_;
};

// All that a member declares, on one line: two of the same text are the same to everybody else.
std::string print(const Member& member);

}  // namespace legume
