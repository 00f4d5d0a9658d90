// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A network in which one packet of a hundred does not arrive, dropped by the kernel. */
class PacketLossIT {
  private static final Pattern TOLD =
      Pattern.compile("done=(\\d+) late=(\\d+) failed=(\\d+) lost=(\\d+) wrong=\\[\\]");

  @Test
  @SuppressWarnings("SystemOut")
  void eachCallEndsOnceAndIsDoneOnceWhereOnePacketOfAHundredIsLost() throws Exception {
    requireNetwork();
    try (var both = PeerProcess.start(LossyCalls.NETWORK, List.of(), "lossy")) {
      var told = both.said();
      System.out.println("[1 % loss] " + told);
      var counts = TOLD.matcher(told);
      assertThat(counts.matches()).as(told).isTrue();
      int done = Integer.parseInt(counts.group(1));
      int ended = done + Integer.parseInt(counts.group(2)) + Integer.parseInt(counts.group(3));
      assertThat(ended).as("each has ended once").isEqualTo(3_200);
      assertThat(done).as("but for those that have no time").isGreaterThan(2_700);
      assertThat(Integer.parseInt(counts.group(4))).as("packets were lost").isGreaterThan(20);
    }
  }

  /** Else the test is skipped by name. */
  @SuppressWarnings("SystemOut")
  private static void requireNetwork() throws InterruptedException {
    var command = new ArrayList<>(LossyCalls.NETWORK);
    command.add("true");
    String why;
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      why = new String(process.getInputStream().readAllBytes());
      if (process.waitFor() == 0) {
        return;
      }
    } catch (IOException e) {
      why = e.getMessage();
    }
    System.out.println(
        "skipped: no network of its own with nft here, so no loss of packets: " + why);
    abort("no network of its own with nft here: " + why);
  }
}
