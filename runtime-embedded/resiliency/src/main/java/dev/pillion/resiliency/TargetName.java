// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

/** What policies protect; {@link #toString} is how messages name it. */
record TargetName(Kind kind, String name) {
  /** All user code whose own target has no policies. */
  static final TargetName NONE = new TargetName(Kind.NONE, "none");

  /** Of targets. */
  enum Kind {
    APP("app", "app"),
    ACTOR("actor", "actor type"),
    COMPONENT("component", "component"),
    NONE("none", "user code");

    /** As listeners know it. */
    final String word;

    private final String inMessages;

    Kind(String word, String inMessages) {
      this.word = word;
      this.inMessages = inMessages;
    }
  }

  @Override
  public String toString() {
    return kind == Kind.NONE ? kind.inMessages : "%s \"%s\"".formatted(kind.inMessages, name);
  }
}
