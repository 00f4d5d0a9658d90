// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import java.time.Duration;
import java.util.List;

/**
 * Where an app takes calls.
 *
 * @param addresses of all its replicas; empty when it is not known
 * @param validFor for how long that may be believed without asking again; zero for once. An address
 *     that can't be reached is asked for anew before that
 */
public record Resolution(List<PeerAddress> addresses, Duration validFor) {
  /** Copies the list. */
  public Resolution {
    addresses = List.copyOf(addresses);
  }

  /** An app that is not known, which is asked for again the next time. */
  public static Resolution unknown() {
    return new Resolution(List.of(), Duration.ZERO);
  }
}
