// Says how long a sound file is, how loud, and where it clicks: build/tests/bench/analyse FILE.
// SPDX-License-Identifier: MIT
// Exit code 1 when it is broken, clicks, peaks above -1 dB, or is outside -20 to -12 LUFS.
#include "tests/analyse.h"

#include <cmath>
#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: analyse FILE\n");
        return 1;
    }
    try {
        const auto said = legume::test::analyse(legume::read_sound(argv[1]));
        std::printf("%.1f s, %.1f LUFS, true peak %.2f dB, offset %.1e, %zu clicks\n", said.seconds,
                    static_cast<double>(said.lufs), static_cast<double>(said.true_peak), said.offset,
                    said.clicks.size());
        for (const double at : said.clicks)
            std::printf("click at %d:%06.3f\n", static_cast<int>(at / 60), at - 60 * std::floor(at / 60));
        return said.finite && said.clicks.empty() && said.true_peak < -1 && said.lufs > -20 && said.lufs < -12 ? 0 : 1;
    } catch (const legume::SoundError& error) {
        std::fprintf(stderr, "%s %s\n", argv[1], error.what());
        return 1;
    }
}
