// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import java.util.List;

/** The program's configuration is wrong; every problem found stands in the one message. */
public final class InvalidConfigurationException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  private final transient List<String> problems;

  /** One line a problem; there is at least one. */
  public InvalidConfigurationException(List<String> problems) {
    super(
        "ERR_CONFIGURATION",
        problems.size() == 1
            ? problems.get(0)
            : "%d configuration problems:%n  - %s"
                .formatted(problems.size(), String.join(System.lineSeparator() + "  - ", problems)),
        null);
    this.problems = List.copyOf(problems);
  }

  /** One line a problem, in the order found; unmodifiable. */
  public List<String> problems() {
    return problems;
  }
}
