// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

/**
 * Thrown by a handler that stands for somebody who is gone: the event was not handled. It goes to
 * another handler or comes again, and the attempt does not count. The handler is paused before, or
 * the event may come straight back.
 */
public final class NotHandledException extends Exception {
  private static final long serialVersionUID = 1;

  /** Who is gone. */
  public NotHandledException(String message) {
    super(message);
  }
}
