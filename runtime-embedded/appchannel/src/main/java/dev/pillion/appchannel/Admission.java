// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import java.util.List;
import java.util.Map;

/**
 * A call that has been let in to a program, and holds one of its slots until it is closed.
 *
 * @param headers what to send: the caller's, cleaned, with token and trace
 * @param end gives the slot back; once, however often it is run
 */
public record Admission(Map<String, List<String>> headers, Runnable end) implements AutoCloseable {
  @Override
  public void close() {
    end.run();
  }
}
