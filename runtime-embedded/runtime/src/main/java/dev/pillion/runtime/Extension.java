// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import org.jspecify.annotations.Nullable;

/**
 * Something that joins a runtime as a whole: local defaults, metrics, a facade. It has no more
 * access than the program itself.
 */
public interface Extension {
  /** Called by {@link EmbeddedRuntime.Builder#with}: adds components, interceptors, settings. */
  default void configure(EmbeddedRuntime.Builder builder) {}

  /**
   * Called when every component is open, in the order in which the extensions were added.
   *
   * @return what ends the extension; the runtime closes it before anything else, the last one first
   * @throws Exception when it can't start, in which case the runtime does not start
   */
  default AutoCloseable start(EmbeddedRuntime runtime) throws Exception {
    return () -> {};
  }

  /** The program beside this one that it connects the runtime to; null when it does not. */
  default @Nullable AppConnection appConnection() {
    return null;
  }
}
