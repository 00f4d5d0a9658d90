// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.opentest4j.TestAbortedException;

/**
 * Where a server's program comes from. The system property {@code test.backends} chooses: docker,
 * embedded or auto.
 */
enum Backend {
  EMBEDDED,
  DOCKER;

  static final String PROPERTY = "test.backends";
  private static final Set<String> PRINTED = ConcurrentHashMap.newKeySet();

  /**
   * Chooses, and prints the choice once per JVM.
   *
   * @param server what is to be started, for the messages
   * @param binary the embedded program, or why there is none
   * @throws TestAbortedException if neither an embedded program nor Docker can give this server
   *     here
   */
  static Backend choose(String server, boolean hasBinary, String binary) {
    String wish = Environment.variable(PROPERTY).orElse("auto");
    try {
      Backend chosen = choose(server, wish, hasBinary, binary, Docker::answers);
      print(server + ": " + (chosen == DOCKER ? "a container of Docker" : "embedded, " + binary));
      return chosen;
    } catch (TestAbortedException e) {
      print(String.valueOf(e.getMessage()));
      throw e;
    }
  }

  static Backend choose(
      String server, String wish, boolean hasBinary, String binary, BooleanSupplier docker) {
    return switch (wish.toLowerCase(Locale.ROOT)) {
      case "docker" -> {
        if (!docker.getAsBoolean()) {
          throw new IllegalStateException(
              server + ": " + PROPERTY + "=docker, but Docker does not answer");
        }
        yield DOCKER;
      }
      case "embedded" -> {
        if (!hasBinary) {
          throw new TestAbortedException(server + " not available: no " + binary + " here");
        }
        yield EMBEDDED;
      }
      case "auto" -> {
        if (!hasBinary && !docker.getAsBoolean()) {
          throw new TestAbortedException(
              server + " not available: no " + binary + " here, and Docker does not answer");
        }
        yield hasBinary ? EMBEDDED : DOCKER;
      }
      default ->
        throw new IllegalArgumentException(
            PROPERTY + " is \"" + wish + "\"; it must be \"docker\", \"embedded\" or \"auto\"");
    };
  }

  /**
   * One line on standard output, each text once: a run must show what it ran on, whatever its
   * logging does.
   */
  @SuppressWarnings("SystemOut")
  static void print(String line) {
    if (PRINTED.add(line)) {
      System.out.println("[test-servers] " + line);
    }
  }
}
