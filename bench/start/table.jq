# The table for a terminal: rows by scenario with ratios to the floor, then the figures with their verdicts.
def pad($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def left($n): tostring | . + (" " * ([$n - length, 0] | max));
def fixed($d): if . == null then "-" else (. * pow(10; $d) | round / pow(10; $d)) end;
. as $all
| (.machine[]),
  ([.rows[].scenario] | unique | map(select(test("unreachable|monitor|remove podman") | not))[] as $s
   | ([$all.rows[] | select(.scenario == $s)]) as $group
   | (first($group[] | select(.who == "floor")) // null) as $floor
   | "", "\($s | left(40))    n containers   min ms   median      p95      p99   cpu ms peak MB  x floor failed",
     ($group | sort_by(.median / .count)[]
      | "  \(.who | left(36)) \(.n | pad(6)) \(.count | pad(10)) \(.min | fixed(2) | pad(8)) \(.median | fixed(2) | pad(8)) \(.p95 | fixed(2) | pad(8)) \(.p99 | fixed(2) | pad(8)) \(.cpu_ms | fixed(2) | pad(8)) \(if .peak_kb > 0 then .peak_kb / 1024 | fixed(1) else "-" end | pad(7)) \(if $floor == null then "-" else (.median / .count) / ($floor.median / $floor.count) | fixed(2) end | pad(8)) \(.failed | pad(6))")),
  "", "figures (ratios of medians of this run; a batch by container)",
  (.figures[] | "  \(.text | left(66)) \(.value | fixed(2) | pad(8)) \(if .upto then "≤" else "≥" end) \(.limit | fixed(1) | pad(6))  \(if .met then "met" else "MISSED" end)"),
  "", "\([.figures[] | select(.met)] | length) of \(.figures | length) figures met"
