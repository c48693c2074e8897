// One page of a run, without a network: how it learned, and all of its takes by age, to hear, see and star.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace legume {

struct ReportRequest {
    std::filesystem::path run;
    // Only the takes in the run's picks.yaml, their sound inside the page.
    bool standalone = false;
};

// Writes RUN/report.html, and beside each take its sound as an Ogg, where there is none yet; or RUN/picks.html.
int report(const ReportRequest& request);  // exit code

}  // namespace legume
