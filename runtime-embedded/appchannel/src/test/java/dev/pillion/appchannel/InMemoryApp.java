// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** A program without a socket: it listens, is well and answers as a test says. */
final class InMemoryApp implements AppTransport {
  volatile boolean listening = true;
  volatile boolean healthy = true;
  volatile boolean closed;
  int prepared;
  volatile Runnable whileProbed = () -> {};
  volatile BiFunction<InvocationRequest, Deadline, InvocationResponse> handler =
      (request, deadline) -> answer("done");

  final List<InvocationRequest> requests = Collections.synchronizedList(new ArrayList<>());
  final List<Duration> looks = new ArrayList<>();
  final List<Duration> probes = new ArrayList<>();
  final List<Duration> probeTimeouts = new ArrayList<>();
  private @Nullable EmbeddedRuntime runtime;
  private long begun;

  static InvocationResponse answer(String body) {
    return InvocationResponse.of(200, Map.of(), "text/plain", body.getBytes(UTF_8));
  }

  @Override
  public String protocol() {
    return "http";
  }

  @Override
  public void prepare() {
    prepared++;
  }

  @Override
  public void start(EmbeddedRuntime started) {
    runtime = started;
    begun = started.time().nanos();
  }

  private Duration sinceStart() {
    return runtime == null ? Duration.ZERO : Duration.ofNanos(runtime.time().nanos() - begun);
  }

  @Override
  public InvocationResponse invoke(InvocationRequest request, Deadline deadline) {
    requests.add(request);
    return handler.apply(request, deadline);
  }

  @Override
  public boolean isListening(Deadline deadline) {
    looks.add(sinceStart());
    return listening;
  }

  @Override
  public boolean isHealthy(Deadline deadline) {
    probes.add(sinceStart());
    probeTimeouts.add(Duration.ofNanos(deadline.remainingNanos()));
    whileProbed.run();
    return healthy;
  }

  @Override
  public void close() {
    closed = true;
  }
}
