// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.concurrent.Deadline;
import java.util.List;
import java.util.Map;

/**
 * One question to a program in a protocol's own words, while its slot is held.
 *
 * @param <T> what the program answers
 */
@FunctionalInterface
public interface AppExchange<T> {
  /**
   * Asks.
   *
   * @param headers what to send: the caller's, cleaned, with token and trace
   * @param deadline always set
   */
  T ask(Map<String, List<String>> headers, Deadline deadline);
}
