// HTML, with its style and its script inside: it needs no other file but the sounds, and no network.
// SPDX-License-Identifier: MIT
#include "host/commands/models/report_page.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "graph/base/range.h"
#include "host/commands/models/picture.h"

namespace legume {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1c1b22; --paper: #fbfaf8; --soft: #6d6a75; --line: #dedbe3; --one: #a13055;
  --two: #2a6f97; --star: #c8860a; --card: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e6ef; --paper: #141218; --soft: #9c97a6; --line: #322e3a;
  --one: #f0708f; --two: #6cb8e6; --star: #fbd25c; --card: #1d1a23; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1rem; margin: 0; }
p { margin: .2rem 0; color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem; margin: 1.5rem 0; }
figure { margin: 0; }
figcaption { display: flex; gap: 1rem; }
figcaption i { font-style: normal; }
.s0 { color: var(--one); } .s1 { color: var(--two); }
.chart { width: 100%; height: auto; display: block; overflow: visible; font-size: 11px; }
.chart text { fill: var(--soft); } .chart .grid { stroke: var(--line); }
.chart .event { stroke: #b3261e; stroke-width: 2; opacity: .6; }
.chart .curve { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; }
nav { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .4rem 1.25rem; align-items: center;
  padding: .6rem 0; background: var(--paper); border-bottom: 1px solid var(--line); }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: .2rem .7rem; cursor: pointer; }
textarea { width: 100%; margin-top: .6rem; font: 13px/1.4 ui-monospace, monospace; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .6rem; }
section { margin-top: 1.5rem; }
section > header { display: flex; flex-wrap: wrap; gap: 0 .8rem; align-items: baseline; }
.takes { display: grid; grid-template-columns: repeat(auto-fill, minmax(17.5rem, 1fr)); gap: .8rem; margin-top: .5rem; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem; }
article.starred { border-color: var(--star); }
article.playing { outline: 2px solid var(--one); }
article header { display: flex; gap: .5rem; align-items: start; justify-content: space-between; font-size: 13px; }
.star { border: 0; background: none; padding: 0; font-size: 1.3rem; line-height: 1; color: var(--line); }
.starred .star { color: var(--star); }
.pictures { position: relative; margin: .4rem 0; cursor: pointer; line-height: 0; }
.pictures img, .pictures svg { width: 100%; height: 3.4rem; display: block; }
.pictures img { border-radius: 5px; object-fit: fill; }
.pictures svg { color: var(--two); }
.pictures svg path { stroke: currentColor; stroke-width: 1; }
.pictures b { position: absolute; top: 0; bottom: 0; left: 0; width: 2px; background: var(--star); display: none; }
.playing .pictures b { display: block; }
audio { width: 100%; height: 2rem; display: block; }
.measures { font-size: 12px; }
.flag { display: inline-block; font-size: 12px; color: #fff; background: #b3261e; border-radius: 4px; padding: 0 .45em;
  margin-right: .3em; }
article.dropped:not(.starred) { opacity: .45; }
.ages { font-size: 11px; fill: var(--soft); }
.ages rect { fill: #b3261e; } .ages .none { fill: var(--line); } .ages .stars { fill: var(--star); }
.ages a:hover rect { stroke: var(--ink); }
body.stars article:not(.starred), body.sound article[data-flags] { display: none; }
)";

constexpr const char* script = R"(
const cards = [...document.querySelectorAll('article')];
const key = 'legume ' + location.pathname;
// What was starred here holds until picks.yaml, and with it this page, says otherwise.
const own = JSON.stringify(cards.filter(c => c.classList.contains('starred')).map(c => c.dataset.file));
let kept;
try { kept = JSON.parse(localStorage.getItem(key)); } catch {}
const stars = new Set(kept && kept.own == own ? kept.stars : JSON.parse(own));
const pick = c => '  - {file: ' + JSON.stringify(c.dataset.file) + ', star: ' + stars.has(c.dataset.file) +
  ', step: ' + c.dataset.step + (c.dataset.seed ? ', seed: ' + c.dataset.seed : '') + '}\n';
const text = () => '# Starred in the report of ' + document.title + '; lies beside report.html.\npicks:\n' +
  cards.filter(c => stars.has(c.dataset.file) || c.classList.contains('dropped')).map(pick).join('');
const out = document.querySelector('textarea');
function show() {
  for (const c of cards) {
    const on = stars.has(c.dataset.file);
    c.classList.toggle('starred', on);
    c.querySelector('.star').setAttribute('aria-pressed', on);
  }
  document.querySelector('#count').textContent = stars.size + (stars.size == 1 ? ' star' : ' stars');
  if (!out.hidden) out.value = text();
  for (const s of document.querySelectorAll('section'))
    s.hidden = ![...s.querySelectorAll('article')].some(c => getComputedStyle(c).display != 'none');
}
for (const c of cards) {
  const audio = c.querySelector('audio'), pictures = c.querySelector('.pictures'), line = pictures.querySelector('b');
  c.querySelector('.star').onclick = () => {
    stars.delete(c.dataset.file) || stars.add(c.dataset.file);
    try { localStorage.setItem(key, JSON.stringify({own, stars: [...stars]})); } catch {}
    show();
  };
  audio.onplay = () => {
    for (const other of document.querySelectorAll('audio')) if (other != audio) other.pause();
    c.classList.add('playing');
  };
  audio.onpause = () => c.classList.remove('playing');
  audio.ontimeupdate = () => line.style.left = 100 * audio.currentTime / (audio.duration || 1) + '%';
  pictures.onclick = async e => {
    const part = e.offsetX / pictures.clientWidth;
    await audio.play();
    audio.currentTime = part * audio.duration;
  };
}
for (const name of ['stars', 'sound'])
  document.querySelector('#' + name).onchange = e => {
    for (const s of document.querySelectorAll('section')) s.hidden = false;
    document.body.classList.toggle(name, e.target.checked);
    show();
  };
document.querySelector('#export').onclick = () => {
  out.hidden = false;
  out.value = text();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([out.value], {type: 'text/yaml'}));
  link.download = 'picks.yaml';
  link.click();
};
show();
)";

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&': safe += "&amp;"; break;
            case '<': safe += "&lt;"; break;
            case '>': safe += "&gt;"; break;
            case '"': safe += "&quot;"; break;
            default: safe += c;
        }
    }
    return safe;
}

std::string fixed(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

// 1, 2 or 5 of a power of ten, so that there are about four of them.
double grid_step(double range) {
    const double size = std::pow(10, std::floor(std::log10(range / 4)));
    for (const double step : {1.0, 2.0, 5.0})
        if (range / (step * size) <= 5) return step * size;
    return 10 * size;
}

// Long runs have many rows: no more points than can be told apart, each the mean of its neighbours.
std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points) {
    constexpr std::size_t most = 400;
    if (points.size() <= most) return points;
    std::vector<std::pair<double, double>> few;
    for (std::size_t i = 0; i < most; ++i) {
        const std::size_t from = i * points.size() / most, to = (i + 1) * points.size() / most;
        std::pair<double, double> sum;
        for (std::size_t p = from; p < to; ++p) {
            sum.first += points[p].first;
            sum.second += points[p].second;
        }
        const auto n = static_cast<double>(to - from);
        few.emplace_back(sum.first / n, sum.second / n);
    }
    return few;
}

std::string chart(const std::string& title, const std::vector<Series>& all, bool from_zero,
                  const std::vector<ReportEvent>& events = {}) {
    constexpr double width = 480, height = 180, left = 44, bottom = 18;
    double last = 0, low = 1e300, high = -1e300;
    for (const auto& series : all)
        for (const auto& [step, value] : series.points) {
            last = std::max(last, step);
            low = std::min(low, value);
            high = std::max(high, value);
        }
    if (low > high) return "";
    if (from_zero) low = 0;
    if (high - low < 1e-9) high = low + 1;
    last = std::max(last, 1.0);
    const auto x = [&](double step) { return left + step / last * (width - left); };
    const auto y = [&](double value) { return 4 + (high - value) / (high - low) * (height - bottom - 4); };
    std::string svg = "<figure><figcaption><h2>" + escaped(title) + "</h2>";
    for (std::size_t i = 0; i < all.size() && all.size() > 1; ++i)
        svg += "<i class=\"s" + std::to_string(i % 2) + "\">" + escaped(all[i].name) + "</i>";
    svg +=
        "</figcaption><svg class=\"chart\" viewBox=\"0 0 480 180\" role=\"img\" aria-label=\"" + escaped(title) + "\">";
    const double rise = grid_step(high - low), run = grid_step(last);
    for (double value = std::ceil(low / rise) * rise; value <= high + 1e-9; value += rise)
        svg += "<line class=\"grid\" x1=\"" + fixed(left) + "\" x2=\"" + fixed(width) + "\" y1=\"" + fixed(y(value)) +
               "\" y2=\"" + fixed(y(value)) + "\"/><text x=\"" + fixed(left - 6) + "\" y=\"" + fixed(y(value) + 4) +
               "\" text-anchor=\"end\">" + print_number(std::round(value / rise) * rise) + "</text>";
    for (double step = 0; step <= last; step += run)
        svg += "<text x=\"" + fixed(x(step)) + "\" y=\"178\" text-anchor=\"middle\">" + print_number(step) + "</text>";
    for (const auto& [step, what] : events)
        if (step <= last)
            svg += "<line class=\"event\" x1=\"" + fixed(x(step)) + "\" x2=\"" + fixed(x(step)) + "\" y1=\"4\" y2=\"" +
                   fixed(height - bottom) + "\"><title>" + escaped(what) + "</title></line>";
    for (std::size_t i = 0; i < all.size(); ++i) {
        svg += "<polyline class=\"curve s" + std::to_string(i % 2) + "\" points=\"";
        for (const auto& [step, value] : thinned(all[i].points)) svg += fixed(x(step)) + "," + fixed(y(value)) + " ";
        svg += "\"/>";
    }
    return svg + "</svg></figure>\n";
}

// Every age a column that leads to its takes: how many of them were starred, and how many fell into what.
std::string ages_chart(const std::vector<ReportAge>& ages) {
    constexpr double left = 84, row = 16, width = 980;
    std::vector<std::string> flags;
    for (const auto& age : ages)
        for (const auto& take : age.takes)
            for (const auto& flag : take.flags)
                if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.push_back(flag);
    std::sort(flags.begin(), flags.end());
    flags.insert(flags.begin(), "starred");
    const double height = row * static_cast<double>(flags.size()) + 18;
    const double column = std::min(24.0, (width - left) / static_cast<double>(ages.size()));
    std::string svg =
        "<figure><figcaption><h2>What takes became, by age</h2></figcaption><svg class=\"chart ages\" "
        "viewBox=\"0 0 " +
        fixed(width) + " " + fixed(height) + "\" role=\"img\" aria-label=\"What takes became, by age\">";
    for (std::size_t f = 0; f < flags.size(); ++f)
        svg += "<text x=\"0\" y=\"" + fixed(row * static_cast<double>(f) + 12) + "\">" + escaped(flags[f]) + "</text>";
    double labelled = -100;
    for (std::size_t a = 0; a < ages.size(); ++a) {
        const double x = left + column * static_cast<double>(a);
        const auto step = std::to_string(ages[a].step);
        svg += "<a href=\"#step" + step + "\">";
        for (std::size_t f = 0; f < flags.size(); ++f) {
            const auto fell = [&](const ReportTake& take) {
                return f == 0 ? take.picked
                              : std::find(take.flags.begin(), take.flags.end(), flags[f]) != take.flags.end();
            };
            const auto count = std::count_if(ages[a].takes.begin(), ages[a].takes.end(), fell);
            const double share = static_cast<double>(count) / static_cast<double>(ages[a].takes.size());
            svg += "<rect class=\"" +
                   std::string(count == 0 ? "none"
                               : f == 0   ? "stars"
                                          : "fell") +
                   "\" x=\"" + fixed(x) + "\" y=\"" + fixed(row * static_cast<double>(f) + 1) + "\" width=\"" +
                   fixed(column - 1) + "\" height=\"" + fixed(row - 2) + "\" opacity=\"" +
                   fixed(count == 0 ? 0.5 : 0.3 + 0.7 * share) + "\"><title>step " + step + ": " +
                   std::to_string(count) + " of " + std::to_string(ages[a].takes.size()) + " " + escaped(flags[f]) +
                   "</title></rect>";
        }
        if (x - labelled >= 60) {
            svg += "<text x=\"" + fixed(x) + "\" y=\"" + fixed(height - 4) + "\">" + step + "</text>";
            labelled = x;
        }
        svg += "</a>";
    }
    return svg + "</svg></figure>\n";
}

std::string card(const ReportTake& take, std::int64_t step) {
    std::string flags, words;
    for (const auto& flag : take.flags) {
        words += (words.empty() ? "" : ", ") + flag;
        flags += "<span class=\"flag\">" + escaped(flag) + "</span>";
    }
    std::string text =
        "<article data-file=\"" + escaped(take.file) + "\"" +
        (words.empty() ? "" : " data-flags=\"" + escaped(words) + "\"") + " data-step=\"" + std::to_string(step) +
        "\"" + (take.seed ? " data-seed=\"" + std::to_string(*take.seed) + "\"" : "") +
        (take.picked    ? " class=\"starred\""
         : take.dropped ? " class=\"dropped\""
                        : "") +
        "><header><span>" + escaped(take.title) +
        "</span><button class=\"star\" aria-label=\"star\" title=\"star\">&#9733;</button></header>"
        "<div class=\"pictures\"><img alt=\"spectrogram\" src=\"" +
        take.spectrogram + "\"><svg viewBox=\"0 0 " + std::to_string(picture_width) + " " +
        std::to_string(picture_height) + "\" preserveAspectRatio=\"none\" aria-label=\"waveform\"><path d=\"" +
        take.waveform + "\"/></svg><b></b></div><audio controls preload=\"none\">";
    for (const auto& [source, type] : take.sources)
        text += "<source src=\"" + escaped(source) + "\" type=\"" + type + "\">";
    return text + "</audio><p class=\"measures\">" + flags + escaped(take.measures) + "</p></article>\n";
}

}  // namespace

std::string html(const ReportPage& page) {
    std::string text =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>" +
        escaped(page.title) + "</title><style>" + style + "</style></head>\n<body>\n<h1>" + escaped(page.title) +
        "</h1>\n";
    for (const auto& fact : page.facts) text += "<p>" + escaped(fact) + "</p>\n";
    text += "<div class=\"charts\">\n" + chart("Bits a sample, by step", page.bits, false, page.events) +
            chart("Samples a second", page.speed, true) + chart("Memory, GB", page.memory, true) + "</div>\n" +
            ages_chart(page.ages);
    text +=
        "<nav><span id=\"count\"></span><label><input type=\"checkbox\" id=\"stars\"> starred only</label>"
        "<label><input type=\"checkbox\" id=\"sound\"> without what is flagged</label>"
        "<button id=\"export\">picks.yaml</button></nav>\n<textarea hidden readonly rows=\"6\"></textarea>\n";
    for (const auto& age : page.ages) {
        text += "<section id=\"step" + std::to_string(age.step) + "\"><header><h2>step " + std::to_string(age.step) +
                "</h2><p>" + escaped(age.about) + "</p></header><div class=\"takes\">\n";
        for (const auto& take : age.takes) text += card(take, age.step);
        text += "</div></section>\n";
    }
    return text + "<script>" + script + "</script>\n</body></html>\n";
}

}  // namespace legume
