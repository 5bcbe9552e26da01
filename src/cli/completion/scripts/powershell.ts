/** The completion script for PowerShell, from 5.1 on. */
export const POWERSHELL_SCRIPT = String.raw`# Completion of warren and wrn for PowerShell.
Register-ArgumentCompleter -Native -CommandName 'warren', 'wrn' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = @()
    foreach ($element in $commandAst.CommandElements) {
        if ($element.Extent.StartOffset -ge $cursorPosition) { break }
        $typed += $element.Extent.Text
    }
    $program = $typed[0]
    $typed = @($typed | Select-Object -Skip 1)
    if ($wordToComplete -eq '') { $typed += '""' }
    foreach ($answer in (& $program __complete -- @typed 2>$null)) {
        if ($answer.StartsWith(':')) { continue }
        $text, $about = $answer -split [char]9, 2
        if (-not $about) { $about = $text }
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $about)
    }
}
`;
