// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import dev.pillion.call.BoundCallBody;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.resiliency.CircuitBreakerPolicy;
import dev.pillion.resiliency.PolicyEngine;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What policies cost a call whose body does nothing, beside a chain without interceptors. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class ResiliencyBenchmark {
  private final Call unprotected = Call.outbound("state", "plain", "get", true);
  private final Call protectedCall = Call.outbound("state", "guarded", "get", true);
  private final CallChain bare = CallChain.of(List.of());
  private final BoundCallBody<Object, Object, Object, RuntimeException> body = (c, a, b) -> a;
  private EmbeddedRuntime runtime;
  private CallChain withPolicies;

  /** One component of two has policies. */
  @Setup
  public void open() {
    runtime = EmbeddedRuntime.builder("checkout").start();
    var policies = Resiliency.builder()
        .retry("r", RetryPolicy.exponential())
        .timeout("t", Duration.ofSeconds(2))
        .circuitBreaker("cb", CircuitBreakerPolicy.defaults())
        .component(
            "guarded",
            Target.withoutPolicies(),
            Target.withRetry("r").timeout("t").circuitBreaker("cb"))
        .build();
    withPolicies =
        CallChain.of(List.of(PolicyEngine.of(List.of(policies), Map.of(), runtime.time(), null)));
  }

  /** Closes the runtime. */
  @TearDown
  public void close() {
    runtime.close();
  }

  @Benchmark
  public Object noPolicies() {
    return bare.run(unprotected, this, this, body);
  }

  @Benchmark
  public Object policiesOfOthers() {
    return withPolicies.run(unprotected, this, this, body);
  }

  @Benchmark
  public Object retryBreakerTimeout() {
    return withPolicies.run(protectedCall, this, this, body);
  }
}
