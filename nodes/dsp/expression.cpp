// Wraps muParser, with functions and operators of our own, since its own call libm.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/expression.h"

#include <muParser.h>

#include <algorithm>
#include <cctype>

#include "graph/base/math.h"

namespace legume::dsp {
namespace {

struct Function {
    const char* name;
    double (*call)(double);
};
const Function functions_of_one[] = {
    {"abs", [](double x) { return x < 0 ? -x : x; }},
    {"cos", [](double x) { return math::cos(x); }},
    {"exp", [](double x) { return math::exp(x); }},
    {"floor", [](double x) { return math::floor(x); }},
    {"fract", [](double x) { return math::fraction(x); }},
    {"from_db", [](double x) { return math::amplitude(x); }},
    {"hertz", [](double x) { return math::note_hertz(x); }},
    {"log", [](double x) { return math::log(x); }},
    {"log2", [](double x) { return math::log2(x); }},
    {"round", [](double x) { return math::round_even(x); }},
    {"sign", [](double x) { return x > 0   ? 1.0
                                   : x < 0 ? -1.0
                                           : 0.0; }},
    {"sin", [](double x) { return math::sin(x); }},
    {"sqrt", [](double x) { return math::pow(x, 0.5); }},
    {"tan", [](double x) { return math::tan(x); }},
    {"tanh", [](double x) { return math::tanh(x); }},
    {"to_db", [](double x) { return math::decibels(x); }},
};

double power(double x, double y) {
    if (x >= 0) return math::pow(x, y);
    const double whole = math::floor(y);
    const double size = math::pow(-x, y);
    return y != whole ? 0 : math::fraction(0.5 * whole) == 0 ? size : -size;
}

// The precedences of muParser's own operators, from or to power.
struct Operator {
    const char* sign;
    double (*call)(double, double);
    unsigned precedence;
};
const Operator operators[] = {
    {"||", [](double x, double y) { return x != 0 || y != 0 ? 1.0 : 0.0; }, mu::prLOR},
    {"&&", [](double x, double y) { return x != 0 && y != 0 ? 1.0 : 0.0; }, mu::prLAND},
    {"<=", [](double x, double y) { return x <= y ? 1.0 : 0.0; }, mu::prCMP},
    {">=", [](double x, double y) { return x >= y ? 1.0 : 0.0; }, mu::prCMP},
    {"==", [](double x, double y) { return x == y ? 1.0 : 0.0; }, mu::prCMP},
    {"!=", [](double x, double y) { return x != y ? 1.0 : 0.0; }, mu::prCMP},
    {"<", [](double x, double y) { return x < y ? 1.0 : 0.0; }, mu::prCMP},
    {">", [](double x, double y) { return x > y ? 1.0 : 0.0; }, mu::prCMP},
    {"+", [](double x, double y) { return x + y; }, mu::prADD_SUB},
    {"-", [](double x, double y) { return x - y; }, mu::prADD_SUB},
    {"*", [](double x, double y) { return x * y; }, mu::prMUL_DIV},
    {"/", [](double x, double y) { return x / y; }, mu::prMUL_DIV},
    {"%", [](double x, double y) { return x - y * math::floor(x / y); }, mu::prMUL_DIV},
};

std::string said(const mu::ParserError& error) {
    if (error.GetCode() == mu::ecUNASSIGNABLE_TOKEN)
        return "\"" + error.GetToken() + "\" at its place " + std::to_string(error.GetPos() + 1) +
               " is nothing that it knows";
    std::string text = error.GetMsg();
    if (!text.empty() && text.back() == '.') text.pop_back();
    if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

}  // namespace

struct Expression::Parser {
    mu::Parser formula;
};

Expression::Expression(const std::string& text, std::span<const char* const> names, double* values)
    : parser_(new Parser) {
    mu::Parser& formula = parser_->formula;
    try {
        formula.ClearFun();
        formula.ClearConst();
        formula.EnableBuiltInOprt(false);  // also takes away "=", which would write to the variables
        formula.DefineOprtChars("+-*/^%<>=!&|");
        for (const auto& one : operators) formula.DefineOprt(one.sign, one.call, one.precedence, mu::oaLEFT, true);
        formula.DefineOprt("^", power, mu::prPOW, mu::oaRIGHT, true);
        for (const auto& one : functions_of_one) formula.DefineFun(one.name, one.call);
        formula.DefineFun(
            "min", +[](double x, double y) { return std::min(x, y); });
        formula.DefineFun(
            "max", +[](double x, double y) { return std::max(x, y); });
        formula.DefineFun(
            "clamp", +[](double x, double low, double high) { return std::max(low, std::min(x, high)); });
        formula.DefineConst("pi", math::pi);
        for (std::size_t i = 0; i < names.size(); ++i) formula.DefineVar(names[i], values + i);
        formula.SetExpr(text);
        formula.Eval();
        if (formula.GetNumResults() != 1) throw ExpressionError("it gives several results; it may have one");
    } catch (const mu::ParserError& error) {
        throw ExpressionError(said(error));
    }
}

Expression::~Expression() = default;

float Expression::value() const noexcept {
    const auto result = static_cast<float>(parser_->formula.Eval());
    return result - result == 0 ? result : 0.0f;
}

std::string Expression::functions() {
    std::string list;
    for (const auto& one : functions_of_one) list += std::string(list.empty() ? "" : ", ") + one.name;
    return list + ", min, max, clamp, pi";
}

}  // namespace legume::dsp
