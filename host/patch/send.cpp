// What `send:` says: which params and meters go out by OSC, to where and how often.
// SPDX-License-Identifier: MIT
#include "host/patch/reader.h"
#include "host/system/peer.h"

namespace legume {
namespace {

constexpr Range rate_range{.min = 1, .max = 100, .unit = Unit::hertz};

}  // namespace

std::optional<SendSetting> read_send(Reader& reader, const Tree& tree) {
    const std::string example = "{to: 127.0.0.1:9001, values: [out.level], rate: 30}";
    if (tree.kind != Tree::Kind::map) {
        reader.problem(tree.place, "send: an entry is a map, such as `" + example + "`");
        return {};
    }
    reader.known(tree, "send", {"to", "values", "rate"});
    SendSetting send;
    if (!tree.find("to"))
        reader.problem(tree.place, "this does not say where it is sent; add `to: 127.0.0.1:9001`");
    else if (const auto* to = reader.word(tree, "to")) {
        send.to = to->text;
        if (!parse_peer(send.to))
            reader.problem(to->place,
                           "to: \"" + send.to + "\" is no address and port; write one such as 127.0.0.1:9001");
    }
    if (const auto* rate = reader.word(tree, "rate"))
        send.rate = reader.quantity(*rate, rate_range).value_or(send.rate);
    const auto* values = reader.part(tree, "values", Tree::Kind::list, "[out.level]");
    if (values)
        for (const auto& value : values->items)
            if (reader.is_word(value, "values"))
                if (auto end = parse_endpoint(value.text, value.place, reader.problems()))
                    send.values.push_back(std::move(*end));
    if (!tree.find("values") || (values && values->items.empty()))
        reader.problem(tree.place, "this sends nothing; add `values: [out.level]`");
    return send;
}

}  // namespace legume
