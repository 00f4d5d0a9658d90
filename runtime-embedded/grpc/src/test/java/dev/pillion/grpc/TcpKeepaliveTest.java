// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.CallContext;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whether the system watches the connection to a program, as Linux tells of its sockets. */
@Timeout(60)
class TcpKeepaliveTest {
  /** Of the column {@code tr}: the timer that runs is that of keepalive. */
  private static final String KEEPALIVE = "02";

  private static final String ESTABLISHED = "01";

  /** Of the column {@code tm->when}, in a second. */
  private static final int TICKS = 100;

  @Test
  void theSystemLooksAfterAQuietConnectionToAProgram() throws Exception {
    assumeTrue(Files.isReadable(Path.of("/proc/net/tcp")), "only Linux tells");
    try (var program = CallbackProgram.started()) {
      var app = GrpcApp.at(AppOptions.onPort(program.port));
      try (var runtime =
          EmbeddedRuntime.builder("orders").environment(Map.of()).with(app).start()) {
        app.channel().invoke(InvocationRequest.get("pay"), CallContext.EMPTY).close();
        assertThat(runtime.appId()).isEqualTo("orders");
        await("all is acknowledged")
            .untilAsserted(
                () -> assertThat(timersTo(program.port)).isNotEmpty().allSatisfy(timer -> {
                  var parts = timer.split(":", -1);
                  assertThat(parts[0]).isEqualTo(KEEPALIVE);
                  assertThat(Long.parseLong(parts[1], 16)).isLessThanOrEqualTo(15L * TICKS);
                }));
      }
    }
  }

  private static List<String> timersTo(int port) throws IOException {
    var timers = new ArrayList<String>();
    for (var table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      if (!Files.isReadable(Path.of(table))) {
        continue;
      }
      for (var line : Files.readAllLines(Path.of(table))) {
        var columns = line.strip().split("\\s+");
        if (columns[2].endsWith(":%04X".formatted(port)) && columns[3].equals(ESTABLISHED)) {
          timers.add(columns[5]);
        }
      }
    }
    return timers;
  }
}
