// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static dev.pillion.runtime.ComponentFiles.paper;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.Expressions;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.testkit.CapturedLog;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which Resiliency documents are read, and what is wrong with the rest. */
class ResiliencyFilesTest {
  private static final String HEAD =
      "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\n";

  @TempDir
  Path folder;

  private ComponentFiles files;

  @BeforeEach
  void files() {
    files = new ComponentFiles(folder);
  }

  private List<String> described() {
    try (var runtime = files.start()) {
      return described(runtime);
    }
  }

  private static List<String> described(EmbeddedRuntime runtime) {
    return runtime.describe().resiliency().toString().lines().map(String::strip).toList();
  }

  private static String spec(String text) {
    return HEAD + "spec:\n" + text.indent(2);
  }

  @Test
  void everythingThatDaprHasIsRead() {
    files.file("a.yaml", paper("st") + "---\n" + spec("""
        policies:
          timeouts: {quick: 500ms, bare: 1500, none: -1s}
          retries:
            plain: {}
            slow: {policy: Constant, duration: 2s, maxRetries: 3}
            growing:
              policy: EXPONENTIAL
              maxInterval: 10s
              maxRetries: -1
              matching: {httpStatusCodes: "429,500-599", gRPCStatusCodes: "4,13"}
          circuitBreakers:
            plain: {}
            tuned: {maxRequests: 2, interval: 8s, timeout: 45s}
        targets:
          apps:
            billing: {timeout: quick, retry: slow, circuitBreaker: tuned, circuitBreakerCacheSize: 9}
          actors:
            Cart: {timeout: quick, circuitBreaker: plain, circuitBreakerScope: both}
            User: {circuitBreaker: plain, circuitBreakerScope: type}
          components:
            st:
              outbound: {retry: growing}
        """));
    assertThat(described())
        .containsExactly(
            "policy circuitBreaker plain: maxRequests 1, interval 0s, timeout 1m, trip consecutiveFailures > 5",
            "policy circuitBreaker tuned: maxRequests 2, interval 8s, timeout 45s, trip consecutiveFailures > 5",
            "policy retry growing: exponential, maxInterval 10s, maxRetries -1, httpStatusCodes 429,500-599, gRPCStatusCodes 4,13",
            "policy retry plain: constant, duration 5s, maxRetries -1",
            "policy retry slow: constant, duration 2s, maxRetries 3",
            "policy timeout bare: 1.5s",
            "policy timeout none: -1s",
            "policy timeout quick: 0.5s",
            "target actor Cart: timeout quick, circuitBreaker plain per id",
            "target actor User: circuitBreaker plain per type",
            "target app billing: timeout quick, retry slow, circuitBreaker tuned",
            "target component st inbound: no policies",
            "target component st outbound: retry growing");
  }

  @Test
  void everyDocumentOfAFileCountsAndLaterOnesOverwriteWholeEntries() {
    files
        .file(
            "a.yaml",
            spec("policies: {timeouts: {a: 1s, b: 1s}}\ntargets: {apps: {x: {timeout: a}}}")
                + "---\n" + spec("policies: {timeouts: {b: 2s}}"))
        .file("b.yaml", spec("targets: {apps: {x: {timeout: b}}}"));
    assertThat(described())
        .containsExactly("policy timeout a: 1s", "policy timeout b: 2s", "target app x: timeout b");
  }

  @Test
  void scopesCountAndNamespacesDoNot() {
    files.namespace = "prod";
    files
        .file("a.yaml", spec("policies: {timeouts: {a: 1s}}") + "scopes: [orders]\n")
        .file("b.yaml", spec("policies: {timeouts: {b: nonsense}}") + "scopes: [other]\n")
        .file(
            "c.yaml",
            spec("policies: {timeouts: {c: 1s}}").replace("name: r", "name: r, namespace: test"));
    assertThat(described()).containsExactly("policy timeout a: 1s", "policy timeout c: 1s");
  }

  @Test
  void codeIsLaidOverFiles() {
    files.file("a.yaml", spec("policies: {timeouts: {a: 1s}}\ntargets: {apps: {x: {timeout: a}}}"));
    var code = Resiliency.builder()
        .retry("r", RetryPolicy.constant(Duration.ofSeconds(1)).maxRetries(2))
        .app("x", Target.withRetry("r"))
        .app("y", Target.withTimeout("a"))
        .build();
    try (var runtime = files.builder().resiliency(code).start()) {
      assertThat(described(runtime))
          .containsExactly(
              "policy retry r: constant, duration 1s, maxRetries 2",
              "policy timeout a: 1s",
              "target app x: retry r",
              "target app y: timeout a");
    }
  }

  @Test
  void everythingThatIsWrongStandsInOneMessageWithItsPlace() {
    files
        .file("a.yaml", spec("""
            policies:
              timeouts:
                empty: ""
                odd: 5 parsecs
                huge: 999999999999999999
              retries:
                word: {policy: linear}
                field: {polcy: constant}
                pause: {duration: -1s}
                cap: {policy: exponential, maxInterval: "0"}
                count: {maxRetries: many}
                http: {matching: {httpStatusCodes: "500-400"}}
                grpc: {matching: {gRPCStatusCodes: "17"}}
                matching: {matching: {codes: "1"}}
              circuitBreakers:
                many: {maxRequests: -1}
                window: {interval: soon}
                wait: {timeout: -5s}
            targets:
              apps:
                cache: {circuitBreakerCacheSize: -1}
                names: {timeout: oddd, retry: x, circuitBreaker: manyy}
              actors:
                noScope: {circuitBreaker: wait}
                badScope: {circuitBreaker: wait, circuitBreakerScope: Type}
              components:
                st: {outbond: {}}
            """))
        .file("b.yaml", spec("policy: {}").replace("name: r}", "name: r}\nscope: [x]"))
        .file("c.yaml", HEAD)
        .file("d.yaml", HEAD.replace("Resiliency", "resiliency") + "spec: {}\n")
        .file("e.yaml", HEAD.replace("v1alpha1", "v1") + "spec: {}\n")
        .file("f.yaml", paper("f", "nonsense: 1"));
    assertThat(files.problems())
        .containsExactlyInAnyOrder(
            "a.yaml:7: the timeout \"empty\" was \"\" but must be a duration such as 500ms or 1m30s; a bare integer counts milliseconds",
            "a.yaml:8: the timeout \"odd\" was \"5 parsecs\" but must be a duration such as 500ms or 1m30s; a bare integer counts milliseconds",
            "a.yaml:9: \"timeout\" is over a hundred years",
            "a.yaml:11: \"policy\" was \"linear\" but must be constant or exponential",
            "a.yaml:12: \"polcy\" is not a field of a retry policy; did you mean \"policy\"?",
            "a.yaml:13: \"duration\" can't be negative: -1s",
            "a.yaml:14: \"maxInterval\" must be more than zero",
            "a.yaml:15: \"maxRetries\" was \"many\" but must be a whole number",
            "a.yaml:16: \"httpStatusCodes\": the range \"500-400\" in \"500-400\" ends before it begins",
            "a.yaml:17: \"gRPCStatusCodes\": \"17\" in \"17\" is no status from 0 to 16; a list looks like 4,13-14, without spaces",
            "a.yaml:18: \"codes\" is not a field of matching; it has httpStatusCodes and gRPCStatusCodes",
            "a.yaml:20: \"maxRequests\" was -1 but must be from 0 to 100000",
            "a.yaml:21: \"interval\" was \"soon\" but must be a duration such as 500ms or 1m30s; a bare integer counts milliseconds",
            "a.yaml:22: \"timeout\" can't be negative: -5s",
            "a.yaml:25: \"circuitBreakerCacheSize\" can't be negative: -1",
            "a.yaml:26: targets.apps.names.timeout: there is no timeout \"oddd\", did you mean \"odd\"?; there are [empty, huge, odd]",
            "a.yaml:26: targets.apps.names.retry: there is no retry policy \"x\"; there are "
                + "[DaprBuiltInActorNotFoundRetries, DaprBuiltInActorReminderRetries, DaprBuiltInActorRetries, DaprBuiltInInitializationRetries, DaprBuiltInServiceRetries, cap, count, field, grpc, http, matching, pause, word]",
            "a.yaml:26: targets.apps.names.circuitBreaker: there is no circuit breaker \"manyy\", did you mean \"many\"?; there are [many, wait, window]",
            "a.yaml:28: actor circuit breakers must include scope: \"circuitBreakerScope\" is type, id or both",
            "a.yaml:29: unknown circuit breaker scope \"Type\"; it is type, id or both",
            "a.yaml:31: \"outbond\" is not a field of a component target; did you mean \"outbound\"?",
            "b.yaml:4: \"scope\" is not a field of a resiliency resource; did you mean \"scopes\"?",
            "b.yaml:6: \"policy\" is not a field of spec; it has policies and targets",
            "c.yaml:1: the resiliency resource has no spec",
            "d.yaml:1: policies have apiVersion: dapr.io/v1alpha1 and kind: Resiliency, this has \"dapr.io/v1alpha1\" and \"resiliency\"",
            "e.yaml:1: policies have apiVersion: dapr.io/v1alpha1 and kind: Resiliency, this has \"dapr.io/v1\" and \"Resiliency\"",
            "f.yaml:11: component \"f\": \"nonsense\" is not a setting of this component");
  }

  @Test
  void whatCodeNamesWronglyIsAProblemToo() {
    var code = Resiliency.builder().app("x", Target.withTimeout("t")).build();
    assertThat(files.problems(EmbeddedRuntime.builder("orders").resiliency(code)))
        .containsExactly(
            "resiliency in code: targets.apps.x.timeout: there is no timeout \"t\"; there are none");
  }

  @Test
  void whatIsDefinedWronglyIsDefinedAllTheSame() {
    files.file("a.yaml", spec("""
        policies:
          timeouts: {quick: soon}
          retries: {again: {maxRetries: -7}}
          circuitBreakers: {guard: {maxRequests: -1}}
        targets:
          apps:
            billing: {timeout: quick, retry: again, circuitBreaker: guard}
        """));
    assertThat(files.problems())
        .containsExactly(
            "a.yaml:6: the timeout \"quick\" was \"soon\" but must be a duration such as 500ms or 1m30s; a bare integer counts milliseconds",
            "a.yaml:8: \"maxRequests\" was -1 but must be from 0 to 100000");
  }

  @Test
  void policiesOfAComponentNeedADirection() {
    files.file("a.yaml", paper("st") + "---\n" + spec("""
        policies: {timeouts: {t: 1s}}
        targets:
          components:
            st:
              timeout: t
        """));
    assertThat(files.problems())
        .containsExactly(
            "a.yaml:20: \"timeout\" is not a field of a component target; it has inbound and outbound");
  }

  @Test
  void anUnknownComponentIsWarnedOfWithThoseThereAre() {
    files.file("a.yaml", paper("orders") + "---\n" + spec("targets: {components: {ordrs: {}}}"));
    try (var log = new CapturedLog()) {
      files.start().close();
      assertThat(log.lines("WARN"))
          .containsExactly(
              "WARN resiliency: there is no component \"ordrs\", its policies have no effect; did you mean \"orders\"?; there are [orders]");
    }
  }

  @Test
  void aWrittenTripWithoutALanguageNamesTheDependency() {
    files.file(
        "a.yaml", spec("policies:\n  circuitBreakers:\n    cb:\n      trip: totalFailures > 2"));
    assertThat(files.problems())
        .containsExactly(
            "a.yaml:8: policies.circuitBreakers.cb.trip: \"totalFailures > 2\" is no condition: nothing on the class path evaluates expressions; add the dependency dev.pillion:pillion-cel:"
                + PillionVersion.current());
  }

  /** A language in which nothing is right but {@code fine}. */
  public static final class Picky implements Expressions {
    @Override
    public Condition compile(String text) {
      if (!text.equals("fine")) {
        throw new IllegalArgumentException("1:3: mismatched input");
      }
      return variables -> true;
    }
  }

  @Test
  void aWrongTripIsNamedWithPlaceAndReason() throws IOException {
    var services = Files.createDirectories(folder.resolve("language/META-INF/services"));
    Files.writeString(services.resolve(Expressions.class.getName()), Picky.class.getName());
    var thread = Thread.currentThread();
    var before = thread.getContextClassLoader();
    try (var loader =
        new URLClassLoader(new URL[] {folder.resolve("language").toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      files.file("a.yaml", spec("policies:\n  circuitBreakers:\n    cb:\n      trip: a >"));
      assertThat(files.problems())
          .containsExactly(
              "a.yaml:8: policies.circuitBreakers.cb.trip: \"a >\" is no condition: 1:3: mismatched input");
      files.file("a.yaml", spec("policies:\n  circuitBreakers:\n    cb:\n      trip: fine"));
      assertThat(described()).singleElement().asString().endsWith("trip fine");
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
