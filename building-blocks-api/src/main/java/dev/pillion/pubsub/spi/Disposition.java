// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

/** What a component does with a message when the receiver has returned. */
public enum Disposition {
  /** It is done: the broker may forget it for this group. */
  ACKNOWLEDGE,
  /** It has failed: it stays the group's and comes again, after the broker's own pause. */
  REDELIVER,
  /**
   * It was not handled, for the runtime or the subscription stops or pauses: it comes again, to
   * whoever is there, as if it had not been fetched.
   */
  RELEASE
}
