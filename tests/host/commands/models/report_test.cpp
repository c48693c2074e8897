// The report of a run: everything to hear, see and choose by, in one page that asks no network for anything.
// SPDX-License-Identifier: MIT
#include "host/commands/models/report.h"

#include <doctest/doctest.h>

#include <fstream>
#include <regex>

#include "host/commands/models/picture.h"
#include "host/commands/models/report_page.h"
#include "nodes/samplernn/takes/take.h"
#include "tests/child.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;
namespace fs = std::filesystem;

namespace {

struct Desk {
    Desk() {
        fs::create_directories(run / "checkpoints");
        fs::create_directories(run / "takes");
        for (const int step : {10, 640}) {
            Config config = small_config();
            config.step = step;
            config.age = step / 640.0;
            config.held_out_nll = step == 10 ? 5.5 : 1.25;
            write_checkpoint(run / "checkpoints" / (std::to_string(step) + ".safetensors"), network_of(config),
                             Storage::f32);
        }
        std::ofstream(run / "log.csv") << "step,share,train_bits,held_out_bits,learning_rate,samples_per_second\n"
                                          "10,0.01,5.6,5.5,0.001,8000\n320,0.5,2.0,,0.001,9000\n"
                                          "640,1,1.2,1.25,0.0001,8500\n";
        write(10, 0, noise(8'000, 1, 0.3f));
        write(640, 0, Samples(8'000));
        write(640, 1, sine(440, 8'000, 8'000, 0.5f));
        SoundWriter old(run / "takes/00000010.flac", 8'000, 1, SoundFormat::flac_16);  // before takes had recipes
        old.write(noise(8'000, 2, 0.3f));
        old.finish();
    }
    void write(int step, int voice, const Samples& sound) const {
        const Recipe recipe{std::string(64, 'a'), step, 7, static_cast<std::uint64_t>(voice), 0.9f, Precision::fp32};
        SoundWriter out(run / "takes" / (std::to_string(step) + " #" + std::to_string(voice) + ".flac"), 8'000, 1,
                        SoundFormat::flac_16, print(recipe));
        out.write(sound);
        out.finish();
    }
    std::string said(int code, std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"report", run.string()});
        return legume::test::said(code, std::move(more));
    }
    Folder folder;
    fs::path run = folder / "pods & <beans>";
};

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
    return n;
}

// The article of one take.
std::string card(const std::string& page, const std::string& file) {
    const auto at = page.find("<article data-file=\"" + file + "\"");
    REQUIRE_MESSAGE(at != page.npos, file);
    return page.substr(at, page.find("</article>", at) - at);
}

std::string from_base64(const std::string& text) {
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0, waiting = 0;
    for (const char c : text) {
        if (c == '=') break;
        bits = bits << 6 | static_cast<unsigned>(digits.find(c));
        if ((waiting += 6) < 8) continue;
        waiting -= 8;
        bytes += static_cast<char>(bits >> waiting & 0xff);
    }
    return bytes;
}

}  // namespace

TEST_CASE("the report shows every take by age, its sound linked beside it, and asks no network for anything") {
    const Desk desk;
    CHECK(has(desk.said(0), "report.html: 4 takes\n"));
    const auto page = bytes_of(desk.run / "report.html");
    CHECK(has(page, "<title>pods &amp; &lt;beans&gt;</title>"));
    CHECK(count(page, "<article ") == 4);
    CHECK(count(page, "<audio ") == 4);
    CHECK(count(page, "<section ") == 2);
    const auto young = page.find("<h2>step 10</h2><p>1.6 % of the run, 5.500 bits a sample</p>");
    const auto old = page.find("<h2>step 640</h2><p>100 % of the run, 1.250 bits a sample</p>");
    CHECK(young < old);
    CHECK(old != page.npos);
    for (const char* foreign : {"http:", "https:", "//cdn", "@import", "<link", "src=\"/"}) {
        CAPTURE(foreign);
        CHECK(count(page, foreign) == 0);
    }
    // What is linked is there.
    const std::regex source("<source src=\"([^\"]*)\" type=\"audio/(ogg|flac)\">");
    int sources = 0;
    for (std::sregex_iterator it(page.begin(), page.end(), source), end; it != end; ++it, ++sources) {
        auto name = (*it)[1].str();
        for (const auto& [code, c] : {std::pair{"%20", " "}, std::pair{"%23", "#"}})
            while (has(name, code)) name = replaced(name, code, c);
        const auto sound = read_sound(desk.run / name);
        CHECK(sound.rate == 8'000);
        CHECK(sound.frames() == 8'000);
    }
    CHECK(sources == 8);
    const auto sung = card(page, "takes/640 #1.flac");
    CHECK(has(sung, "<span>voice 1, temperature 0.9, seed 7, 1 s</span>"));
    CHECK(has(card(page, "takes/00000010.flac"), "<span>00000010, 1 s</span>"));
    CHECK(has(sung, "-9 dB, centre 440 Hz, flatness 0.00"));
}

TEST_CASE("takes that fell silent, into noise or into a loop are flagged") {
    const Desk desk;
    desk.said(0);
    const auto page = bytes_of(desk.run / "report.html");
    CHECK(has(card(page, "takes/640 #0.flac"), "data-flags=\"silence\""));
    CHECK(has(card(page, "takes/10 #0.flac"), "<span class=\"flag\">noise</span>"));
    CHECK(has(card(page, "takes/640 #1.flac"), "<span class=\"flag\">loop</span>"));
    CHECK(has(page, "<p>4 takes, 4 flagged</p>"));
}

TEST_CASE("the report draws what the log says, and without a log what the checkpoints say") {
    const Desk desk;
    desk.said(0);
    auto page = bytes_of(desk.run / "report.html");
    CHECK(count(page, "<polyline") == 3);
    CHECK(has(page, "points=\"50.8,"));  // 10 of 640 steps, between 44 and 480
    CHECK(has(page, "Samples a second"));
    CHECK(!has(page, "<h2>Memory, GB</h2>"));
    std::ofstream(desk.run / "log.csv") << "step,train_bits,memory_gb\n1,2,\n2,1.5,0.5\n3,nan,0.6\n";
    desk.said(0);
    page = bytes_of(desk.run / "report.html");
    CHECK(has(page, "<h2>Memory, GB</h2>"));
    CHECK(!has(page, "Samples a second"));
    fs::remove(desk.run / "log.csv");
    desk.said(0);
    page = bytes_of(desk.run / "report.html");
    CHECK(has(page, "Bits a sample"));
    CHECK(!has(page, "Samples a second"));
}

TEST_CASE("steps that were skipped stand over the curve, and say why") {
    const Desk desk;
    desk.said(0);
    CHECK(!has(bytes_of(desk.run / "report.html"), "class=\"event\""));
    std::ofstream(desk.run / "events.csv") << "step,event,value,usual\n320,gradient,912.5000,0.4000\n9,cut off";
    desk.said(0);
    const auto page = bytes_of(desk.run / "report.html");
    CHECK(has(page, "<p>steps skipped: 1</p>"));
    CHECK(has(page, "<title>step 320: nothing was learned from a gradient of 912.5000, where 0.4000 is usual</title>"));
    CHECK(count(page, "class=\"event\" x1=\"262.0\"") == 1);  // half way between 44 and 480
}

TEST_CASE("spectrograms are PNGs of the picture's size: low tones below, high ones above") {
    const auto rows = [](double hertz) {
        const auto png = spectrogram_png(spectra(sine(hertz, 8'000, 8'000, 0.05f)));
        CHECK(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
        CHECK(png.substr(png.size() - 12) == std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12));
        CHECK(png.substr(12, 13) == std::string("IHDR\0\0\0\xa0\0\0\0\x30\x04", 13));
        const std::size_t row_bytes = 1 + picture_width / 2;
        const std::string data = png.substr(png.find("IDAT") + 4 + 7, picture_height * row_bytes);
        std::size_t brightest = 0;
        int most = -1;
        for (std::size_t row = 0; row < picture_height; ++row)
            if (const int colour = static_cast<unsigned char>(data[row * row_bytes + 40]) >> 4; colour > most) {
                most = colour;
                brightest = row;
            }
        CHECK(most == 13);  // -26 dB
        return brightest;
    };
    CHECK(rows(100) == picture_height - 8);
    CHECK(rows(3'900) == 0);
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(waveform_path(Samples(10, 0.0f)).starts_with("M0 24v1M1 24v1"));
    CHECK(waveform_path({}).empty());
}

TEST_CASE("stars are remembered, exported as picks.yaml, and come back from it") {
    const Desk desk;
    std::ofstream(desk.run / "picks.yaml") << "# Starred\npicks:\n  - \"takes/640 #1.flac\"\n  - takes/00000010.flac\n";
    desk.said(0);
    const auto page = bytes_of(desk.run / "report.html");
    CHECK(count(page, "class=\"starred\"") == 2);
    CHECK(has(card(page, "takes/640 #1.flac"), "class=\"starred\""));
    CHECK(has(page, "localStorage"));
    CHECK(has(page, "picks:\\n"));
    CHECK(has(page, "id=\"export\""));
}

TEST_CASE("what takes became shows by age: stars, and what they fell into") {
    const Desk desk;
    std::ofstream(desk.run / "picks.yaml") << "picks:\n  - {file: \"takes/640 #1.flac\", star: true}\n"
                                              "  - {file: takes/00000010.flac, star: false}\n";
    desk.said(0);
    const auto page = bytes_of(desk.run / "report.html");
    CHECK(has(page, "<title>step 640: 1 of 2 starred</title>"));
    CHECK(has(page, "<title>step 640: 1 of 2 loop</title>"));
    CHECK(has(page, "<title>step 640: 1 of 2 silence</title>"));
    CHECK(has(page, "<title>step 10: 2 of 2 noise</title>"));
    CHECK(has(page, "<a href=\"#step640\">"));
    CHECK(has(page, "<section id=\"step640\">"));
    CHECK(has(card(page, "takes/00000010.flac"), "class=\"dropped\""));
    CHECK(has(card(page, "takes/640 #1.flac"), "data-step=\"640\" data-seed=\"7\""));
}

TEST_CASE("a browser without a network opens the page, plays a take, and exports what is starred" *
          doctest::skip(LEGUME_CHROMIUM[0] == 0)) {
    const Desk desk;
    std::ofstream(desk.run / "picks.yaml") << "picks:\n  - {file: takes/00000010.flac, star: false}\n";
    desk.said(0);
    // What a person would do, and what came of it as text.
    put(desk.run / "page.html", bytes_of(desk.run / "report.html") + R"(<pre id="came"></pre><script>
const came = document.querySelector('#came'), card = document.querySelector('[data-file="takes/640 #1.flac"]');
card.querySelector('.star').click();
const audio = card.querySelector('audio');
audio.play().then(() => came.dataset.heard = audio.currentSrc.slice(-4)).catch(e => came.dataset.error = e);
came.textContent = text();
</script>)");
    Child chromium({LEGUME_CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
                    "--host-resolver-rules=MAP * 0.0.0.0", "--user-data-dir=" + (desk.folder / "browser").string(),
                    "--autoplay-policy=no-user-gesture-required", "--virtual-time-budget=20000", "--dump-dom",
                    "file://" + replaced(replaced((desk.run / "page.html").string(), " ", "%20"), "&", "%26")});
    CHECK(chromium.wait() == 0);
    const auto dom = chromium.output();
    INFO(dom.substr(dom.find("<pre")));
    CHECK(has(dom, "<span id=\"count\">1 star</span>"));
    CHECK(has(dom, "  - {file: \"takes/640 #1.flac\", star: true, step: 640, seed: 7}\n"));
    CHECK(has(dom, "  - {file: \"takes/00000010.flac\", star: false, step: 10}\n"));
    CHECK(has(dom, "data-heard=\".ogg\""));
    CHECK(!has(dom, "data-error"));
}

TEST_CASE("a standalone page holds the picks alone, and their sound") {
    const Desk desk;
    CHECK(desk.said(1, {"--standalone"}) == (desk.run / "picks.yaml").string() +
                                                " names no takes; star some in report.html, and save its picks.yaml "
                                                "there\n");
    std::ofstream(desk.run / "picks.yaml") << "picks:\n  - takes/lost.flac\n";
    CHECK(has(desk.said(1, {"--standalone"}), "names takes that are not in"));
    CHECK(!fs::exists(desk.run / "picks.html"));
    std::ofstream(desk.run / "picks.yaml") << "picks:\n  - \"takes/640 #1.flac\"\n";
    CHECK(has(desk.said(0, {"--standalone"}), "picks.html: 1 takes\n"));
    const auto page = bytes_of(desk.run / "picks.html");
    CHECK(count(page, "<article ") == 1);
    CHECK(count(page, "src=\"takes") == 0);
    std::smatch found;
    REQUIRE(std::regex_search(page, found, std::regex("data:audio/ogg;base64,([A-Za-z0-9+/=]+)")));
    put(desk.folder / "out.ogg", from_base64(found[1].str()));
    CHECK(read_sound(desk.folder / "out.ogg").frames() == 8'000);
}

TEST_CASE("report says what it cannot show, and leaves out what it cannot read") {
    const Desk desk;
    std::ofstream(desk.run / "takes/broken.flac") << "this is no sound";
    const auto said = desk.said(0);
    CHECK(has(said, "broken.flac is not a sound that can be decoded"));
    CHECK(has(said, "; it is left out\n"));
    CHECK(has(said, "report.html: 4 takes"));
    fs::remove_all(desk.run / "takes");
    CHECK(desk.said(1) == (desk.run / "takes").string() + " holds no take (*.flac); `legume takes " +
                              desk.run.string() + "` makes some\n");
    fs::create_directory(desk.run / "takes");
    desk.write(10, 0, Samples(100));
    fs::remove(desk.run / "report.html");
    fs::create_directories(desk.run / "report.html");
    CHECK(has(desk.said(1), "report.html cannot be written: "));
    CHECK(!fs::exists(desk.run / "report.html.part"));
    fs::remove_all(desk.run);
    CHECK(has(desk.said(1), ": there is no such folder; name the folder of a run\n"));
}
