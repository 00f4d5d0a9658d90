// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateChange.Put;

/** The five kinds of write; each has a statement of its own. */
enum Kind {
  PUT,
  PUT_ABSENT,
  PUT_MATCHING,
  DELETE,
  DELETE_MATCHING;

  static Kind of(StateChange change) {
    boolean matching = change.condition().etag() != null;
    if (change instanceof Put) {
      return matching ? PUT_MATCHING : change.condition().isAbsent() ? PUT_ABSENT : PUT;
    }
    return matching ? DELETE_MATCHING : DELETE;
  }

  boolean puts() {
    return this == PUT || this == PUT_ABSENT || this == PUT_MATCHING;
  }

  /** Whether it names an etag. */
  boolean matches() {
    return this == PUT_MATCHING || this == DELETE_MATCHING;
  }

  boolean isConditional() {
    return this != PUT && this != DELETE;
  }
}
