// A formula that was compiled once and is then worked out for each frame; the only door to muParser.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "graph/base/rt.h"

namespace legume::dsp {

// What is wrong with a formula, in a form that follows "expression: ".
class ExpressionError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Expression {
  public:
    // `names` are the variables; `values[i]` is read as names[i] and has to outlive this. Throws ExpressionError.
    Expression(const std::string& text, std::span<const char* const> names, double* values);
    ~Expression();
    Expression(const Expression&) = delete;
    Expression& operator=(const Expression&) = delete;
    // 0 where the result is no number, or beyond all measure. No heap: the first call was made by the constructor.
    float value() const noexcept RT_SAFE;
    static std::string functions();  // as a list for people: "abs, clamp, cos"

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace legume::dsp
