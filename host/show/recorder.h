// What every live session keeps of itself: its log, what was heard and what came in, in a folder of its own.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/say.h"
#include "host/audio/tape.h"
#include "host/control/controls.h"
#include "host/engine/runner.h"
#include "host/show/log.h"
#include "host/system/every.h"

namespace legume {

class ShowRecorder {
  public:
    struct Device {
        std::string name;
        int buffer = 0;
    };
    // Makes shows/DATE-TIME/ and begins; what the runner plays first is there already, and no block has been played.
    // `after` is the show that this one goes on from. Throws std::runtime_error: playing can go on without.
    ShowRecorder(const std::filesystem::path& shows, const Device& device, Controls& controls, Say tell,
                 const std::string& after = "");
    ~ShowRecorder();
    ShowRecorder(const ShowRecorder&) = delete;
    ShowRecorder& operator=(const ShowRecorder&) = delete;

    // ---- control thread
    void edited();  // after every edit and every change that the runner took
    void resumed(const std::string& id, std::string_view bytes);  // a node goes on from these; before any block
    void said(const std::string& line);                           // to the player
    void tick();                                                  // often, after the runner's
    // Once no callback runs any more. Gives a line for the player.
    std::string finish();
    const std::filesystem::path& folder() const { return folder_; }
    std::string beginning() const;  // a line for the player: where it is, and how much room it takes

  private:
    void put(LineWriter& line) { log_->put(line); }
    void applied(const Applied& applied);
    void look_at_files(const Node& node, const std::string& id);
    void look_at_room();
    void end_tapes();
    void listen();
    void let_go();
    void keep_states(const Patch& patch);
    double bytes_an_hour() const;

    Runner& runner_;
    Controls& controls_;
    const Say tell_;  // any thread
    std::filesystem::path folder_;
    std::unique_ptr<ShowLog> log_;
    std::unique_ptr<Tape> heard_, given_;
    std::map<std::string, std::string> texts_;  // as they were written down last
    std::vector<ShowLog::Told> nodes_, leaving_;
    std::size_t edits_ = 0;  // and changes of patch
    std::uint64_t changes_ = 0;
    std::uint64_t tapes_gone_ = 0;  // the frame at which they may be freed; 0: they run
    bool tapes_ended_ = false;
    std::string fault_;
    Every tick_{250}, room_{1000};
};

}  // namespace legume
