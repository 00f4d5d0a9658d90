// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

/** One server process, on this machine, in a container, or somebody else's. */
interface ServerProcess {
  /** Starts it and returns at once; whether it serves is for the caller to find out. */
  void start();

  /** Ends it in order and waits for its end; nothing happens if it does not run. */
  void stop();

  /** Ends it as a crash would and waits for its end. */
  void kill();

  void pause();

  void resume();

  boolean isAlive();

  /** The end of what it printed, for error messages. */
  String logTail();
}
