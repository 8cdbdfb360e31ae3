// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "config/cross_checks.hpp"
#include "config/key_table.hpp"
#include "config/problems.hpp"

namespace ebmpi::config {

/// What rules that involve several keys are written with; those of a program derive from it.
class Checker {
public:
  Checker(const RunConfig& config, const std::string& file_name, const GivenKeys& given, Problems& problems)
      : config_(config), file_name_(file_name), given_(given), problems_(problems) {}

  /// Reports every given key that does not apply, but for those of `excepted_section`.
  void check_conditions(std::string_view excepted_section) const;

protected:
  using Names = std::initializer_list<std::string_view>;

  const RunConfig& config() const { return config_; }
  bool usable(std::string_view name) const { return !given_.unusable.contains(&key(name)); }
  bool all_usable(Names names) const;
  bool applies(std::string_view name) const { return key(name).applies(config_); }
  bool is_given(std::string_view name) const { return is_given(key(name)); }

  /// `optimizer.batch_size = 256 (run.toml:9)`
  std::string describe(std::string_view name) const;
  /// Reports at the first of `names` that was given.
  void report(Names names, const std::string& text) const;

private:
  const Key& key(std::string_view name) const { return key_named(name, config_.program); }
  bool is_given(const Key& key) const {
    return given_.places.contains(&key) && !given_.unusable.contains(&key);
  }

  const RunConfig& config_;
  const std::string& file_name_;
  const GivenKeys& given_;
  Problems& problems_;
};

/// The rules of infer.
void check_infer(const RunConfig& config, const std::string& file_name, const GivenKeys& given,
                 Problems& problems);

}  // namespace ebmpi::config
