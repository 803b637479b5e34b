# From the samples of a run: a row for each scenario and contestant, and the figures with their verdicts.
def round3: . * 1000 | round / 1000;
def at($p): sort | .[((length - 1) * $p | ceil)];
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
. as $all
| ($all.measurements | group_by([.scenario, .who]) | map({
    scenario: .[0].scenario, who: .[0].who, count: .[0].count, ms: (map(.ms) | add), failed: (map(.failed) | add),
    cpu_ms: ([.[] | .cpu_ms | select(. != null and . >= 0)] | if length > 0 then add / length else null end),
    peak_kb: ([.[] | .peak_kb // 0] | max)}
  | . + {n: (.ms | length), min: (.ms | min | round3), median: (.ms | median | round3), p95: (.ms | at(0.95) | round3), p99: (.ms | at(0.99) | round3)})) as $rows
| def of($s; $w): first($rows[] | select(.scenario == $s and .who == $w)) // null;
  def per($s; $w; $k): of($s; $w) | if . == null then null else .[$k] / .count end;
  def ratio(a; b): a as $a | b as $b | if $a == null or $b == null or $b == 0 then null else $a / $b end;
  def figure($text; $value; $limit; $upto): if $value == null then empty else
    {text: $text, value: $value, limit: $limit, upto: $upto, met: (if $upto then $value <= $limit else $value >= $limit end)} end;
  def upto($text; $value; $limit): figure($text; $value; $limit; true);
  def atleast($text; $value; $limit): figure($text; $value; $limit; false);
  def daemons($s): of($s; "lxr-beside-daemons").median;
  ([$rows[].scenario | capture("^start none beside (?<n>.*)").n | tonumber] | max // 0) as $most
| [
  (["none", "bridge"][] as $n
   | "run \($n), 0 ms pauses" as $s
   | upto("run, \($n): lxr / floor"; ratio(of($s; "lxr").median; of($s; "floor").median); 1.5),
     if $n == "none" then
       upto("run, none: lxr / crun"; ratio(of($s; "lxr").median; of($s; "crun").median); 0.6),
       atleast("run, none: podman / lxr"; ratio(of($s; "podman").median; daemons($s)); 30),
       atleast("run, none: docker / lxr"; ratio(of($s; "docker").median; daemons($s)); 50)
     else
       atleast("run, bridge: podman / lxr"; ratio(of($s; "podman").median; daemons($s)); 60),
       atleast("run, bridge: docker / lxr"; ratio(of($s; "docker").median; daemons($s)); 60)
     end,
     ("run \($n), 20 ms pauses" as $p
     | upto("run, \($n), 20 ms pauses: lxr / floor"; ratio(of($p; "lxr").median; of($p; "floor").median); 1.5),
       upto("run, \($n), 20 ms pauses: p99 / own median"; ratio(of($p; "lxr").p99; of($p; "lxr").median); 2),
       upto("run, \($n), 20 ms pauses: p99 lxr / crun"; ratio(of($p; "lxr").p99; of($p; "crun").p99); 0.5))),
  (["none", "bridge"][] as $n
   | upto("batch of \(of("batch \($n)"; "lxr").count), \($n): lxr / floor"; ratio(per("batch \($n)"; "lxr"; "median"); per("batch \($n)"; "floor"; "median")); 1.4)),
  (["none", "bridge"][] as $n
   | upto("\(of("slots \($n), starts"; "lxr").count) from slots, \($n): lxr / floor"; ratio(of("slots \($n), starts"; "lxr").median; of("slots \($n), starts"; "floor").median); 1.4)),
  atleast("batch, none: rate, lxr / xargs -P2 crun run -d"; ratio(per("batch none"; "crun"; "median"); per("batch none"; "lxr"; "median")); 2),
  atleast("batch, bridge: rate, lxr / podman, all at once"; ratio(per("batch bridge"; "podman"; "median"); per("batch bridge"; "lxr"; "median")); 25),
  atleast("batch, bridge: rate, lxr / docker, all at once"; ratio(per("batch bridge"; "docker"; "median"); per("batch bridge"; "lxr"; "median")); 25),
  upto("containers that did not answer a ping"; of("unreachable"; "lxr").ms | if . == null then null else max end; 0),
  (["none", "bridge"][] as $n
   | upto("start, \($n), beside \($most) running / beside none"; ratio(of("start \($n) beside \($most)"; "lxr").median; of("start \($n) beside 0"; "lxr").median); 1.3)),
  upto("\(of("separate run -d"; "lxr").count) separate run -d, 32 at a time: failures"; of("separate run -d"; "lxr").failed; 0),
  atleast("separate run -d: rate, lxr / podman"; ratio(per("separate run -d"; "podman"; "median"); per("separate run -d"; "lxr"; "median")); 10),
  upto("exec: lxr / floor"; ratio(of("exec"; "lxr").median; of("exec"; "floor").median); 1.8),
  upto("exec: lxr / crun exec"; ratio(of("exec"; "lxr").median; of("exec"; "crun").median); 0.5),
  atleast("exec: docker / lxr"; ratio(of("exec"; "docker").median; daemons("exec")); 30),
  upto("exec, 200 at once: lxr / floor"; ratio(of("exec, 200 at once"; "lxr").median; of("exec, 200 at once"; "floor").median); 1.8),
  ($rows[] | select(.scenario | startswith("ps ")) | select(.who == "lxr") | upto("\(.scenario): ms"; .median; 15)),
  atleast("ps: podman / lxr (full run: both of 1000)"; ratio(of("ps -a of podman"; "podman").median; first($rows[] | select(.who == "lxr" and (.scenario | startswith("ps of")))).median); 10),
  (["none", "bridge"][] as $n
   | upto("stop and remove, \($n): lxr / floor"; ratio(of("remove \($n)"; "lxr").median; of("remove \($n)"; "floor").median); 1.5),
     upto("stop and remove, \($n), until the census is clean: lxr / floor"; ratio(of("remove \($n), census clean"; "lxr").median; of("remove \($n), census clean"; "floor").median); 1.5)),
  upto("remove, none: lxr / crun delete"; ratio(per("remove none"; "lxr"; "median"); per("remove none"; "crun"; "median")); 1),
  upto("remove, bridge: lxr / podman"; ratio(per("remove bridge"; "lxr"; "median"); per("remove bridge"; "podman"; "median")); 1),
  upto("remove, bridge: lxr / docker"; ratio(per("remove bridge"; "lxr"; "median"); per("remove bridge"; "docker"; "median")); 1),
  (of("monitor memory, KiB"; "lxr") as $m | upto("monitor: KiB for each further container"; if $m == null then null else ($m.median - of("monitor memory of one, KiB"; "lxr").median) / ($m.count - 1) end; 16)),
  upto("monitor: MB in all"; of("monitor memory, KiB"; "lxr").median | if . == null then null else . / 1024 end; 24),
  upto("monitor: wake-ups in 5 s"; of("monitor wake-ups in 5 s"; "lxr").median; 0)
  ] as $figures
| $all | del(.measurements) + {rows: $rows, figures: $figures}
